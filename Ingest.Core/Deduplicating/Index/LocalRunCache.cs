using Ingest.Core.Stores;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// Local copies of the runs of one table, mapped for lookups. Only a cache: any file, or the folder, may be deleted at any time and is fetched
/// again. A file gets its name when it is complete and has been verified; what lies under another name is nobody's and is removed. Thread-safe.
/// </summary>
/// <param name="folder">Folder of this table's copies; give each table id its own, so that a table created anew does not meet old files.</param>
/// <param name="ids">Source of unique names.</param>
public sealed class LocalRunCache(string folder, IdSource? ids = null)
{
    private const string Unfinished = ".tmp";

    /// <summary>A folder that is deleted as often as this while one copy is made is not one to work with.</summary>
    private const int FetchesMax = 10;

    private readonly IdSource _ids = ids ?? IdSource.System;
    private readonly Lock _lock = new();

    public string Folder { get; } = folder;

    /// <summary>
    /// Takes a run whose bytes are at hand (just encoded and created in the store), so that it need not be fetched. Optional, and worth it
    /// where the store is far away.
    /// </summary>
    public async ValueTask AddAsync(RunDescriptor run, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        var unfinished = NewFile();
        await using (var file = Create(unfinished, bytes.Length)) await file.WriteAsync(bytes, cancellation);
        Keep(unfinished, run.Name);
    }

    /// <summary>Opens the local copy of a run; fetches it when it is missing or is not that run.</summary>
    /// <exception cref="IndexDamagedException">The store does not hold it either.</exception>
    /// <exception cref="StoreException">The store failed.</exception>
    internal async ValueTask<RunReader> OpenAsync(IObjectStore store, RunDescriptor run, bool hasContents, CancellationToken cancellation)
    {
        if (!IndexNames.IsValid(run.Name)) throw new IndexDamagedException(run.Name, "this cannot be the name of a run.");
        var fetchesMax = FetchesMax;
        Mutation.Set(Bug.EndsWhenRunCacheVanishes, ref fetchesMax, 1);
        for (var fetches = 1; ; fetches++)
        {
            try
            {
                return TryOpen(run, hasContents) ?? await FetchAsync(store, run, hasContents, cancellation);
            }
            catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException && fetches < fetchesMax)
            {
                // The folder was deleted while the copy was being made: it is made again.
            }
        }
    }

    /// <summary>An id for a run made here.</summary>
    internal string NewRunName()
    {
        lock (_lock) return $"{_ids.Next():N}.run";
    }

    /// <summary>A path for a file in the making.</summary>
    internal string NewFile()
    {
        lock (_lock)
        {
            Directory.CreateDirectory(Folder);
            return Path.Combine(Folder, $"{_ids.Next():N}{Unfinished}");
        }
    }

    /// <summary>Gives a complete file its name.</summary>
    internal void Keep(string unfinished, string name) => File.Move(unfinished, PathOf(name), overwrite: true);

    /// <summary>Removes the local copy of a run that is no longer valid, or no longer to be believed. Readers that have it open are not disturbed.</summary>
    internal void Remove(string name)
    {
        if (Directory.Exists(Folder)) File.Delete(PathOf(name));
    }

    /// <summary>Removes what earlier processes left behind: runs that are not valid, and files that nobody is writing any more.</summary>
    internal void RemoveAllBut(IReadOnlySet<string> valid)
    {
        if (!Directory.Exists(Folder)) return;
        foreach (var path in Directory.EnumerateFiles(Folder))
        {
            var name = Path.GetFileName(path);
            if (valid.Contains(name) || (name.EndsWith(Unfinished, StringComparison.Ordinal) && IsBeingWritten(path))) continue;
            File.Delete(path);
        }
    }

    /// <summary>Opens a file in the making; locked until it is closed, which is how another process knows not to tidy it away.</summary>
    /// <param name="bytes">How many there will be, if it is known: most runs are far smaller than a buffer.</param>
    internal static FileStream Create(string path, long bytes = long.MaxValue) =>
        new(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, (int)Math.Min(bytes, 1 << 16));

    private RunReader? TryOpen(RunDescriptor run, bool hasContents)
    {
        // Most runs are new to this worker, and an exception is a dear way to learn that.
        if (!File.Exists(PathOf(run.Name))) return null;
        try
        {
            return RunReader.Open(PathOf(run.Name), run, hasContents);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (IndexDamagedException)
        {
            // Cut off or overwritten: the store has the truth, and says so if it has not.
            Remove(run.Name);
            return null;
        }
    }

    private async ValueTask<RunReader> FetchAsync(IObjectStore store, RunDescriptor run, bool hasContents, CancellationToken cancellation)
    {
        var unfinished = NewFile();
        RunReader? reader = null;
        try
        {
            using (var file = Create(unfinished, run.Bytes))
            {
                if (!await RunObjects.CopyToAsync(store, run, file, cancellation))
                    throw new IndexDamagedException(run.Name, "it is missing from the store.") { IsMissing = true };
            }

            // Mapped before it has its name: whoever deletes it from then on deletes only the name.
            reader = RunReader.Open(unfinished, run, hasContents);
            reader.VerifyAll(cancellation);
            Keep(unfinished, run.Name);
            return reader;
        }
        catch
        {
            reader?.Dispose();
            if (Directory.Exists(Folder)) File.Delete(unfinished);
            throw;
        }
    }

    private static bool IsBeingWritten(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private string PathOf(string name) => Path.Combine(Folder, name);
}
