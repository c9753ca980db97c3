using System.Collections.Immutable;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// What a table is at one version, without the list of its files: ingest must not hold a million of them, so files are only counted here
/// (<see cref="LogReader.LiveFilesAsync"/> lists them). Immutable.
/// </summary>
public sealed record Snapshot
{
    /// <summary>Number of the last entry applied; -1 before the first.</summary>
    public long Version { get; init; } = -1;

    public LogAction.Protocol? Protocol { get; init; }

    public LogAction.Metadata? Metadata { get; init; }

    /// <summary>The table's id for life; a changed one means that this is another table.</summary>
    public string TableId => Metadata?.Id ?? "";

    /// <summary>Next offset by app id.</summary>
    public ImmutableDictionary<string, long> Txns { get; init; } = ImmutableDictionary.Create<string, long>(StringComparer.Ordinal);

    public LogIndex Index { get; init; } = LogIndex.Empty;

    /// <summary>Timestamp of the newest commit, milliseconds since 1970 UTC.</summary>
    public long LastTimestamp { get; init; }

    public long LiveFiles { get; init; }

    public long LiveRows { get; init; }

    public long LiveBytes { get; init; }

    /// <summary>Sum of the fingerprints of all live rows modulo 2^128, by the tags of their files; meaningless when <see cref="HasUntaggedFiles"/>.</summary>
    public UInt128 KeySum { get; init; }

    /// <summary>Some live file was written by somebody else: the proof that index and table agree needs a full read.</summary>
    public bool HasUntaggedFiles { get; init; }

    /// <summary>Some live file does not say how many rows it has, so <see cref="LiveRows"/> is less than there are.</summary>
    public bool HasUncountedFiles { get; init; }

    /// <summary>Newest time that an offset was stored, milliseconds since 1970 UTC: what a checkpoint still tells of the clock.</summary>
    internal long NewestTime { get; init; }

    /// <summary>XXH128 of the newest entry's bytes; null when it is not known.</summary>
    internal UInt128? EntryHash { get; init; }

    /// <summary>The state after the next entry. Removed files are subtracted from the counts by the sizes they carry; rows and sums need <paramref name="resolve"/>.</summary>
    public Snapshot Apply(long version, IReadOnlyList<LogAction> actions, Func<string, LogAction.Add?>? resolve = null)
    {
        if (version != Version + 1) throw new InvalidDataException($"Log entry {version} does not follow version {Version}.");
        var next = (this with { Version = version, EntryHash = null, Index = Index.After(actions, version) }).Absorb(actions, version, resolve);

        // Rewriting files is anybody's right, as long as the rows stay the same.
        var moved = actions.Any(a => a is LogAction.Remove or LogAction.Add { DataChange: false });
        return moved && next.Index.IsKnown && next.Index == Index && (next.LiveRows != LiveRows || (next.HasUncountedFiles && !HasUncountedFiles))
            ? next with { Index = next.Index.Overruled(actions.OfType<LogAction.Info>().FirstOrDefault()?.Content, version, $"rewrote files and left {next.LiveRows} of {LiveRows} rows") }
            : next;
    }

    /// <summary>Takes in actions of one version: an entry's, or (in any number of portions, without its tombstones) a checkpoint's.</summary>
    internal Snapshot Absorb(IEnumerable<LogAction> actions, long version, Func<string, LogAction.Add?>? resolve)
    {
        var next = this;
        var files = new FileCounts(this);
        var newest = NewestTime;
        var txns = Txns.ToBuilder();
        var conserves = false; // commitInfo stands first
        foreach (var action in actions)
        {
            switch (action)
            {
                case LogAction.Protocol protocol:
                    next = next with { Protocol = protocol };
                    break;
                case LogAction.Metadata metadata:
                    next = next with { Metadata = metadata };
                    break;
                case LogAction.Txn txn:
                    txns[txn.AppId] = txn.Version;
                    newest = Math.Max(newest, txn.LastUpdated ?? 0);
                    break;
                case LogAction.Add { DataChange: false } add when conserves:
                    files.CountSize(add.Size, +1);
                    break;
                case LogAction.Remove { DataChange: false, Size: { } size } when conserves:
                    files.CountSize(size, -1);
                    break;
                case LogAction.Add add:
                    files.Count(add, +1);
                    newest = Math.Max(newest, add.ModificationTime);
                    break;
                case LogAction.Remove remove:
                    if (resolve?.Invoke(remove.Path) is { } removed) files.Count(removed, -1);
                    else files.CountUnknown(-1);
                    break;
                case LogAction.Info info:
                    conserves = info.Content.Conservation is { Holds: true };
                    next = next with { LastTimestamp = Math.Max(next.LastTimestamp, info.Content.Timestamp) };
                    break;
            }
        }

        return files.Into(next) with { Txns = txns.ToImmutable(), NewestTime = newest };
    }

    /// <summary>The counts of files, apart from the rest: there may be a million files in a checkpoint, and a record for each would be waste.</summary>
    private struct FileCounts(Snapshot from)
    {
        private long _files = from.LiveFiles;
        private long _rows = from.LiveRows;
        private long _bytes = from.LiveBytes;
        private UInt128 _keySum = from.KeySum;
        private bool _hasUntagged = from.HasUntaggedFiles;
        private bool _hasUncounted = from.HasUncountedFiles;

        /// <summary>Counts a file in or out.</summary>
        public void Count(LogAction.Add add, int sign)
        {
            var rows = add.Rows();
            CountSize(add.Size, sign);
            _rows += sign * Math.Max(0, rows);
            _hasUncounted |= rows < 0;
            if (add.KeySum() is { } sum) _keySum = sign > 0 ? _keySum + sum : _keySum - sum;
            else _hasUntagged = true;
        }

        /// <summary>The same of one whose rows are known to stay in the table.</summary>
        public void CountSize(long size, int sign)
        {
            _files += sign;
            _bytes += sign * size;
        }

        /// <summary>The same of one of which nothing is known.</summary>
        public void CountUnknown(int sign)
        {
            _files += sign;
            _hasUntagged = _hasUncounted = true;
        }

        public readonly Snapshot Into(Snapshot snapshot) => snapshot with
        {
            LiveFiles = _files,
            LiveRows = _rows,
            LiveBytes = _bytes,
            KeySum = _keySum,
            HasUntaggedFiles = _hasUntagged,
            HasUncountedFiles = _hasUncounted,
        };
    }
}
