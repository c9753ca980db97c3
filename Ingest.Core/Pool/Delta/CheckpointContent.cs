using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// The reconciled actions of a version, in an order that follows from the log: protocol, metadata, offsets, tombstones, files by path. A merge of the checkpoint
/// before, which is in that order and of which one row group is in memory at a time, with what the entries since then say: so a million files cost no more than their bytes.
/// </summary>
internal sealed class CheckpointContent : IDisposable
{
    private readonly SortedDictionary<string, LogAction.Txn> _txns = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, LogAction.Add> _adds = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, LogAction.Remove> _removes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _touched = new(StringComparer.Ordinal);
    private LogAction.Protocol? _protocol;
    private LogAction.Metadata? _metadata;

    /// <summary>The earlier checkpoint, if its files are to be merged in from there; else they are in <see cref="_adds"/>.</summary>
    private Spool? _before;

    private CheckpointContent() { }

    /// <summary>Newest time in the entries, milliseconds since 1970 UTC.</summary>
    public long LastTimestamp { get; private set; }

    /// <summary>Reads what leads to a version.</summary>
    /// <exception cref="InvalidDataException">The log does not reach that version.</exception>
    /// <param name="workFolder">Where a large checkpoint is put; null: it is held in memory.</param>
    public static async ValueTask<CheckpointContent> LoadAsync(IObjectStore table, long version, string? workFolder, CancellationToken cancellation)
    {
        var (content, last) = await BeforeAsync(table, version, workFolder, cancellation);
        for (var at = last + 1; at <= version && await LogReader.ReadEntryAsync(table, at, cancellation) is { } entry; at++)
        {
            content.Apply(entry.Actions);
            last = at;
        }

        return last < version ? throw new InvalidDataException($"the log can be read up to version {last} only.") : content;
    }

    /// <summary>The same from version 0 on, without any checkpoint; null when the first entries are gone.</summary>
    public static async ValueTask<CheckpointContent?> FromStartAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        var content = new CheckpointContent();
        var last = -1L;
        await foreach (var (at, entry) in LogReader.EntriesAsync(table, 0, cancellation))
        {
            if (at > version) break;
            content.Apply(entry);
            last = at;
        }

        return last == version ? content : null;
    }

    /// <summary>The actions, in order; may be walked again.</summary>
    /// <param name="tombstonesAfterMs">Older tombstones are left out.</param>
    public IEnumerable<LogAction> Actions(long tombstonesAfterMs)
    {
        if (_protocol is null || _metadata is null) throw new InvalidDataException("The log has no protocol or no metadata.");
        Mutation.Do(Bug.CheckpointLacksOneTxn, () => _txns.Remove(_txns.Keys.FirstOrDefault("")));
        LogAction[] first = [_protocol, _metadata, .. _txns.Values, .. _removes.Values.Where(r => (r.DeletionTimestamp ?? 0) > tombstonesAfterMs)];
        return first.Concat(Files());
    }

    public void Dispose() => _before?.Dispose();

    /// <summary>The best earlier checkpoint that is whole, and its version; nothing, and -1, when there is none.</summary>
    private static async ValueTask<(CheckpointContent, long)> BeforeAsync(IObjectStore table, long version, string? workFolder, CancellationToken cancellation)
    {
        await foreach (var start in LogStart.CandidatesAsync(table, version - 1, cancellation))
        {
            if (await CheckpointFile.OpenAsync(table, start, workFolder, cancellation) is not ({ } found, var isOurs)) continue;
            var content = new CheckpointContent();
            if (isOurs)
            {
                await content.TakeFirstAsync(found, cancellation);
                return (content, start);
            }

            if (await content.TakeAsync(found, keepFiles: false, cancellation)) return (content, start);

            // Another engine's, in another order: its files are sorted in memory. Or it is damaged.
            using (found)
            {
                content = new CheckpointContent();
                if (await content.TakeAsync(found, keepFiles: true, cancellation)) return (content, start);
            }
        }

        return (new CheckpointContent(), -1);
    }

    /// <summary>Takes what stands before the files of a checkpoint that is as we wrote it.</summary>
    private async ValueTask TakeFirstAsync(Spool before, CancellationToken cancellation)
    {
        await foreach (var portion in CheckpointFile.DecodeAsync(before, cancellation))
        {
            Apply([.. portion.Where(a => a is not LogAction.Add)]);
            if (portion.Any(a => a is LogAction.Add)) break;
        }

        _touched.Clear();
        _before = before;
    }

    /// <summary>False when the checkpoint is not whole, or its files are neither kept in memory nor in order.</summary>
    private async ValueTask<bool> TakeAsync(Spool before, bool keepFiles, CancellationToken cancellation)
    {
        var last = "";
        var inOrder = true;
        if (!await CheckpointFile.VisitAsync(before, Visit, cancellation) || !inOrder) return false;
        _before = keepFiles ? null : before;
        _touched.Clear();
        return true;

        void Visit(IReadOnlyList<LogAction> portion)
        {
            if (keepFiles)
            {
                Apply(portion);
                return;
            }

            Apply([.. portion.Where(a => a is not LogAction.Add)]);
            foreach (var add in portion.OfType<LogAction.Add>())
            {
                inOrder &= string.CompareOrdinal(last, add.Path) < 0;
                last = add.Path;
            }
        }
    }

    private void Apply(IReadOnlyList<LogAction> actions)
    {
        foreach (var action in actions)
        {
            switch (action)
            {
                case LogAction.Protocol protocol: _protocol = protocol; break;
                case LogAction.Metadata metadata: _metadata = metadata; break;
                case LogAction.Txn txn: _txns[txn.AppId] = txn; break;
                case LogAction.Add add: _adds[add.Path] = add with { DataChange = false }; _removes.Remove(add.Path); _touched.Add(add.Path); break;
                case LogAction.Remove remove: _removes[remove.Path] = remove with { DataChange = false }; _adds.Remove(remove.Path); _touched.Add(remove.Path); break;
                case LogAction.Info info: LastTimestamp = Math.Max(LastTimestamp, info.Content.Timestamp); break;
            }
        }
    }

    private IEnumerable<LogAction> Files()
    {
        using var added = ((IEnumerable<LogAction.Add>)_adds.Values).GetEnumerator();
        var hasAdded = added.MoveNext();
        foreach (var old in _before is null ? [] : CheckpointFile.Adds(_before))
        {
            if (_touched.Contains(old.Path)) continue;
            for (; hasAdded && string.CompareOrdinal(added.Current.Path, old.Path) < 0; hasAdded = added.MoveNext()) yield return added.Current;
            yield return old;
        }

        for (; hasAdded; hasAdded = added.MoveNext()) yield return added.Current;
    }
}
