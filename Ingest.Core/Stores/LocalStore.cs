using System.Collections.Concurrent;

namespace Ingest.Core.Stores;

/// <summary>
/// Objects as files below a root folder, on any POSIX file system with hard links (ext4, XFS, NFS, …). An object appears by link(2) with all
/// its bytes flushed, so readers see all of it or nothing and of several creators one wins; the folders on the way are flushed too,
/// so what was created survives a power cut.
/// </summary>
public sealed class LocalStore : IObjectStore
{
    private const int SyncedFoldersMax = 10_000;
    private static readonly TimeSpan s_leftoverAge = TimeSpan.FromHours(24);

    private readonly string _root;
    private readonly IdSource _ids;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, bool> _syncedFolders = new(StringComparer.Ordinal);
    private readonly Lock _preparing = new();
    private volatile bool _isPrepared;

    /// <summary>
    /// Touches nothing: a pool that may only be read can be read. The first write creates the root folder if need be, sweeps leftovers older than a day, and tries whether the file
    /// system has hard links; as long as it cannot, writes throw.
    /// </summary>
    /// <exception cref="PlatformNotSupportedException">Here, or by the first write: commits cannot be made atomic there.</exception>
    public LocalStore(string root, IdSource ids, TimeProvider? time = null)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("A pool on local files needs link(2): run on Linux or macOS, or use an object store.");
        _root = Path.GetFullPath(root);
        _ids = ids;
        _time = time ?? TimeProvider.System;
    }

    public ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var path = PathOf(name);
        return Offload(() => Create(path, content, cancellation), cancellation);
    }

    public async ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var path = PathOf(name);
        await Offload(() => Replace(path, content, cancellation), cancellation);
    }

    public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation)
    {
        var path = PathOf(name);
        return Offload(() => Tolerate("read", path, File.ReadAllBytes, (byte[]?)null), cancellation);
    }

    public async ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation)
    {
        var path = PathOf(name);
        var source = await Offload(() => Tolerate("read", path, File.OpenRead, (FileStream?)null), cancellation);
        if (source is null) return false;
        await using (source)
        {
            await source.CopyToAsync(destination, cancellation);
            return true;
        }
    }

    public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation)
    {
        var path = PathOf(name);
        return Offload(() => Tolerate("look at", path, p => (long?)new FileInfo(p).Length, null), cancellation);
    }

    public async IAsyncEnumerable<StoredObject> ListAsync(
        string prefix, string? after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        ObjectName.CheckPrefix(prefix);
        using var walk = LocalListing.Walk(_root, prefix, after).GetEnumerator();
        while (await Offload(walk.MoveNext, cancellation)) yield return walk.Current;
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellation)
    {
        var path = PathOf(name);
        await Offload(() => Tolerate("delete", path, Delete, true), cancellation);
    }

    private static bool Delete(string path)
    {
        File.Delete(path);
        return true;
    }

    private CreateOutcome Create(string path, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        Prepare();
        using var staged = StagedFile.Write(_root, NextId(), content);

        // A caller that gave up may be reusing the buffer: what was written since is not to appear under a name.
        cancellation.ThrowIfCancellationRequested();
        var error = LinkInFolder(staged.Path, path);

        // Over NFS the link may have been made though its answer was lost (any error) or asked for twice (EEXIST): the file knows.
        if (error != 0 && Posix.LinkCount(staged.Path) < 2)
            return error == Posix.Exists ? CreateOutcome.AlreadyExists : throw LocalFaults.From("create", path, error, AfterFailedLink(error));
        if (error == Posix.Exists && !OperatingSystem.IsLinux()) return CreateOutcome.AlreadyExists;
        if (error != 0 && Posix.LinkCount(staged.Path) is null) throw LocalFaults.From("create", path, error, StoreFault.Unknown);
        SyncFolders(path);
        return CreateOutcome.Created;
    }

    /// <summary>These say that nothing happened; of all others (EIO, a timeout) nobody knows what the server still does.</summary>
    private static StoreFault AfterFailedLink(int error) =>
        error is Posix.NoEntry or Posix.CrossDevice or Posix.TooManyLinks ? StoreFault.Transient : StoreFault.Unknown;

    private bool Replace(string path, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        Prepare();
        using var staged = StagedFile.Write(_root, NextId(), content);
        cancellation.ThrowIfCancellationRequested();
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Move(staged.Path, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LocalFaults.From("replace", path, e, StoreFault.Unknown);
        }

        SyncFolders(path);
        return true;
    }

    private static int LinkInFolder(string staged, string path)
    {
        var error = Posix.Link(staged, path);
        if (error != Posix.NoEntry) return error;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LocalFaults.From("create a folder for", path, e, StoreFault.Transient);
        }

        return Posix.Link(staged, path);
    }

    /// <summary>Flushes the object's folder, and those above it unless this process did so before: another thread may have made them a moment ago.</summary>
    private void SyncFolders(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        var first = !_syncedFolders.ContainsKey(folder);
        for (var current = folder; current.Length >= _root.Length; current = Path.GetDirectoryName(current)!)
        {
            var error = Posix.SyncDirectory(current);
            if (error != 0)
            {
                var why = LocalFaults.From("flush", current, error, StoreFault.Unknown).Message;
                throw new StoreException(StoreFault.Unknown, $"{path} was written, but may not survive a power cut. {why}");
            }

            if (!first) return;
        }

        if (_syncedFolders.Count >= SyncedFoldersMax) _syncedFolders.Clear();
        _syncedFolders[folder] = true;
    }

    private void Prepare()
    {
        if (_isPrepared) return;
        lock (_preparing)
        {
            if (_isPrepared) return;
            try
            {
                Directory.CreateDirectory(Path.Combine(_root, StagedFile.Folder));
                StagedFile.Sweep(_root, (_time.GetUtcNow() - s_leftoverAge).UtcDateTime);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw LocalFaults.From("write to the pool at", _root, e, StoreFault.Transient);
            }

            TryHardLink();
            _isPrepared = true;
        }
    }

    private void TryHardLink()
    {
        using var staged = StagedFile.Write(_root, NextId(), "hard link?"u8.ToArray());
        var second = staged.Path + ".link.tmp";
        var error = Posix.Link(staged.Path, second);
        if (error != 0)
        {
            throw new PlatformNotSupportedException(
                $"{_root} lies on a file system without hard links (error {error}), so a commit could not be made atomic there. " +
                "Put the pool on ext4, XFS or NFS (not FAT or SMB), or on an object store.");
        }

        File.Delete(second);
    }

    private string PathOf(string name)
    {
        ObjectName.Check(name);
        if (name.StartsWith(StagedFile.Folder + "/", StringComparison.Ordinal))
            throw new ArgumentException($"'{name}' lies in the folder that the store keeps for itself.", nameof(name));
        return Path.Combine(_root, name);
    }

    private Guid NextId()
    {
        lock (_ids) return _ids.Next();
    }

    private static T Tolerate<T>(string doing, string path, Func<string, T> work, T absent)
    {
        try
        {
            return work(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException || (e is UnauthorizedAccessException && Directory.Exists(path)))
        {
            return absent;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LocalFaults.From(doing, path, e, StoreFault.Transient);
        }
    }

    /// <summary>File calls block, and on a hung mount for ever: the caller's timeout must work all the same, so it waits beside the call, not in it.</summary>
    private static async ValueTask<T> Offload<T>(Func<T> work, CancellationToken cancellation) =>
        await Task.Run(work, cancellation).WaitAsync(cancellation);
}
