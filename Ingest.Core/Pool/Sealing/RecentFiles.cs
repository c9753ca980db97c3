using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Sealing;

/// <summary>
/// Follows a table's log for the sealer: which files are recent and live, which sealed ones there are. Memory grows with those, not with the table: some 80 bytes a recent file. Owned by one task.
/// </summary>
/// <param name="workFolder">Local folder of this process, where a large checkpoint is put to be read.</param>
internal sealed class RecentFiles(IObjectStore table, string workFolder)
{
    // Other engines may clean the newest entry away and leave its checkpoint: then nothing stands, however often all is read anew.
    private const int LoadsMax = 2;

    private readonly Dictionary<string, RecentFolder> _folders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _sealedByFolder = new(StringComparer.Ordinal);
    private readonly HashSet<UInt128> _sealed = [];
    private readonly HashSet<string> _refusedPaths = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RecentFile> _refused = new(StringComparer.Ordinal);
    private RecentFolder? _filled;
    private bool _isLoading;
    private bool _isDoubted;

    /// <summary>The newest state; its counts of files and rows are not kept here.</summary>
    public Snapshot Current { get; private set; } = new();

    /// <summary>Partitions with recent files, without those that were refused.</summary>
    public IEnumerable<RecentFolder> Folders => _folders.Values.Where(f => f.Count > 0);

    /// <summary>Number of recent files, refused ones among them.</summary>
    public int Count => _folders.Values.Sum(f => f.Count) + _refused.Count;

    public long Bytes => _folders.Values.Sum(f => f.Bytes) + _refused.Values.Sum(f => f.Size);

    public int Refused => _refused.Count;

    public bool IsLive(string path) => TableLayout.IsRecent(path)
        ? _refused.ContainsKey(path) || (_folders.TryGetValue(TableLayout.FolderOf(path), out var folder) && folder.Contains(path))
        : _sealed.Contains(Name(path));

    public int SealedIn(string folder) => _sealedByFolder.GetValueOrDefault(folder);

    /// <summary>Leaves a file, which is damaged, out of all plans from now on.</summary>
    public void Refuse(string path)
    {
        if (_refusedPaths.Add(path) && _folders.TryGetValue(TableLayout.FolderOf(path), out var folder) && folder.Take(path) is { } file) _refused[path] = file;
    }

    /// <summary>Reads what has been committed since; false when there is no table.</summary>
    /// <exception cref="TableRefusedException">The table is beyond what we support, or was re-created.</exception>
    public async ValueTask<bool> RefreshAsync(CancellationToken cancellation)
    {
        var stands = await StandsAsync(cancellation);
        for (var loads = 0; loads < LoadsMax; loads++)
        {
            if (!stands && !await LoadAsync(cancellation)) return false;
            await foreach (var entry in LogReader.ReadEntriesAsync(table, Current.Version + 1, cancellation)) Apply(entry);

            // An entry that is not there lies beyond the end of the log, or was cleaned away while we slept: the one before it, still there afterwards, tells which.
            if (stands = await StandsAsync(cancellation)) break;
        }

        if (TableSupport.Problem(Current) is { } problem) throw new TableRefusedException(problem);
        return true;
    }

    /// <summary>Takes in the entry after the newest known one.</summary>
    public void Apply(LogEntry entry)
    {
        Current = Current.Apply(entry.Version, entry.Actions) with { EntryHash = entry.Hash };
        Apply(entry.Actions);
    }

    /// <summary>What is known may not be so: all is read anew.</summary>
    public void Forget() => _isDoubted = true;

    /// <summary>Whether an entry after <paramref name="since"/> carries this transaction id. When those entries were cleaned away, null.</summary>
    public async ValueTask<bool?> WasRewrittenAsync(Guid transactionId, long since, CancellationToken cancellation)
    {
        var id = transactionId.ToString("D");
        for (var version = since + 1; version <= Current.Version; version++)
        {
            if (await LogReader.ReadEntryAsync(table, version, cancellation) is not { } entry) return null;
            if (entry.TransactionId == id) return true;
        }

        return false;
    }

    /// <summary>The newest known entry is there and is the same.</summary>
    private async ValueTask<bool> StandsAsync(CancellationToken cancellation)
    {
        if (Current.Version < 0 || _isDoubted) return false;
        var found = await LogReader.ReadEntryAsync(table, Current.Version, cancellation);
        return found is not null && (Current.EntryHash is not { } hash || hash == found.Hash);
    }

    private async ValueTask<bool> LoadAsync(CancellationToken cancellation)
    {
        if (await LogReader.LoadAsync(table, cancellation) is not { } snapshot) return false;
        if (Current.Version >= 0 && snapshot.TableId != Current.TableId) throw new TableRefusedException("the table was re-created while its files were being sealed. Restart the worker to go on with the new one.");
        _isLoading = true;
        await LogReader.VisitAsync(table, snapshot.Version, workFolder, Clear, Apply, cancellation);
        _isLoading = false;
        Current = snapshot;
        _isDoubted = false;
        return true;
    }

    private void Clear()
    {
        _folders.Clear();
        _refused.Clear();
        _sealed.Clear();
        _sealedByFolder.Clear();
        _filled = null;
    }

    private void Apply(IReadOnlyList<LogAction> actions)
    {
        Dictionary<RecentFolder, HashSet<RecentName>>? gone = null;
        foreach (var action in actions)
        {
            switch (action)
            {
                case LogAction.Add add when TableLayout.IsSealed(add.Path):
                    if (_sealed.Add(Name(add.Path))) CountSealed(add.Path, +1);
                    break;
                case LogAction.Add add when RecentFile.From(add) is { } file:
                    Add(file);
                    if (gone?.GetValueOrDefault(_filled!) is { } again) again.Remove(RecentName.Of(file.Path));
                    break;
                case LogAction.Remove remove when TableLayout.IsRecent(remove.Path):
                    if (_refused.Remove(remove.Path) || !_folders.TryGetValue(TableLayout.FolderOf(remove.Path), out var folder)) break;
                    gone ??= [];
                    if (!gone.TryGetValue(folder, out var names)) gone.Add(folder, names = []);
                    names.Add(RecentName.Of(remove.Path));
                    break;
                case LogAction.Remove remove:
                    if (_sealed.Remove(Name(remove.Path))) CountSealed(remove.Path, -1);
                    break;
            }
        }

        foreach (var (folder, names) in gone ?? []) folder.Remove(names);
    }

    private void Add(RecentFile file)
    {
        // Checkpoints hold files in order of their paths: what comes next is mostly of the same partition.
        if (_filled?.Name != file.Folder)
        {
            if (_isLoading) _filled?.Trim();
            if (!_folders.TryGetValue(file.Folder, out _filled)) _folders.Add(file.Folder, _filled = new RecentFolder(file.Folder, file.PartitionValues));
        }

        if (_refusedPaths.Contains(file.Path)) _refused[file.Path] = file;
        else _filled!.Add(file);
    }

    private void CountSealed(string path, int change)
    {
        var folder = TableLayout.FolderOf(path);
        _sealedByFolder[folder] = _sealedByFolder.GetValueOrDefault(folder) + change;
        if (_folders.TryGetValue(folder, out var recent)) recent.Due = null;
    }

    /// <summary>Names of sealed files are long and many; their hashes do.</summary>
    private static UInt128 Name(string path) => System.IO.Hashing.XxHash128.HashToUInt128(System.Runtime.InteropServices.MemoryMarshal.AsBytes(path.AsSpan()));
}
