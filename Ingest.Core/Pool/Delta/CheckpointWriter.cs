using System.Text;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// Writes checkpoints. Their content follows from the log up to their version alone, so two workers that write the same one write the same.
/// Order: index manifest, checkpoint, read back and compare, hint; a crash between any two leaves nothing that misleads a reader.
/// </summary>
internal static class CheckpointWriter
{
    /// <summary>Removed files stay in checkpoints this long, so that readers of old versions and vacuum know of them (Delta's default).</summary>
    private static readonly TimeSpan s_tombstoneRetention = TimeSpan.FromDays(7);

    /// <exception cref="IOException">The checkpoint was not written; the log is complete without it.</exception>
    public static async ValueTask WriteAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        try
        {
            var (actions, index) = await ReplayAsync(table, version, cancellation);
            if (index.IsKnown) await WriteManifestAsync(table, version, index, cancellation);
            var bytes = await WriteFileAsync(table, version, actions, cancellation);

            // Going back would be harmless, but untidy: another worker may have written a later one meanwhile.
            if (await LogReader.CheckpointHintAsync(table, cancellation) is { } hint && hint >= version) return;
            var files = actions.Count(a => a is LogAction.Add);
            await table.ReplaceAsync(
                LogNames.LastCheckpoint,
                Encoding.UTF8.GetBytes($"{{\"version\":{version},\"size\":{actions.Count},\"sizeInBytes\":{bytes},\"numOfAddFiles\":{files}}}\n"),
                cancellation);
        }
        catch (InvalidDataException unreadable)
        {
            throw new IOException($"The checkpoint of version {version} was not written: {unreadable.Message}", unreadable);
        }
    }

    /// <summary>The reconciled actions of a version, in an order that follows from the log, and its index. Tombstones expire by the log's clock, not by ours.</summary>
    /// <exception cref="InvalidDataException">The log does not reach that version.</exception>
    public static async ValueTask<(List<LogAction> Actions, LogIndex Index)> ReplayAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        var state = new ReplayState();
        var last = -1L;
        await foreach (var start in LogStart.CandidatesAsync(table, version - 1, cancellation))
        {
            state = new ReplayState();
            if (!await CheckpointFile.VisitAsync(table, start, state.Apply, cancellation)) continue;
            last = start;
            break;
        }

        if (last < 0) state = new ReplayState();
        for (var at = last + 1; at <= version && await LogReader.ReadEntryAsync(table, at, cancellation) is { } entry; at++)
        {
            state.Apply(entry.Actions);
            last = at;
        }

        if (last < version) throw new InvalidDataException($"the log can be read up to version {last} only.");
        return (state.ToActions(state.LastTimestamp - (long)s_tombstoneRetention.TotalMilliseconds), await IndexManifest.AtAsync(table, version, cancellation));
    }

    /// <summary>The same from version 0 on, without any checkpoint and with all tombstones; null when the first entries are gone.</summary>
    public static async ValueTask<IReadOnlyList<LogAction>?> ReplayFromStartAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        var state = new ReplayState();
        var last = -1L;
        await foreach (var (at, entry) in LogReader.EntriesAsync(table, 0, cancellation))
        {
            if (at > version) break;
            state.Apply(entry);
            last = at;
        }

        return last == version ? state.ToActions(long.MinValue) : null;
    }

    /// <summary>Whoever is first writes it; a damaged one gives way.</summary>
    private static async ValueTask WriteManifestAsync(IObjectStore table, long version, LogIndex index, CancellationToken cancellation)
    {
        var bytes = IndexManifest.Write(version, index);
        if (await table.CreateUniqueAsync(LogNames.IndexManifest(version), bytes, cancellation) == CreateOutcome.Created) return;
        if (!(await IndexManifest.ReadAsync(table, version, cancellation)).IsKnown) await table.ReplaceAsync(LogNames.IndexManifest(version), bytes, cancellation);
    }

    /// <summary>Returns the size of the checkpoint that is in the store and was read back from there, whoever wrote it.</summary>
    private static async ValueTask<long> WriteFileAsync(IObjectStore table, long version, List<LogAction> actions, CancellationToken cancellation)
    {
        var name = LogNames.Checkpoint(version);
        var bytes = await CheckpointFile.EncodeAsync(actions, cancellation);
        if (await table.CreateUniqueAsync(name, bytes, cancellation) == CreateOutcome.AlreadyExists && !await HoldsAsync(table, version, actions, cancellation))
            await table.ReplaceAsync(name, bytes, cancellation); // damaged, or another engine's with other tombstones: the protocol allows to overwrite it
        if (!await HoldsAsync(table, version, actions, cancellation)) throw new IOException($"The checkpoint of version {version} did not read back as it was written.");
        return await table.SizeAsync(name, cancellation) ?? throw new IOException($"The checkpoint of version {version} is gone again.");
    }

    private static async ValueTask<bool> HoldsAsync(IObjectStore table, long version, List<LogAction> actions, CancellationToken cancellation)
    {
        var next = 0;
        var same = true;
        var whole = await CheckpointFile.VisitAsync(table, version, Compare, cancellation);
        return whole && same && next == actions.Count;

        void Compare(IReadOnlyList<LogAction> portion)
        {
            same = same && next + portion.Count <= actions.Count && LogJson.Write(portion).AsSpan().SequenceEqual(LogJson.Write(actions.Skip(next).Take(portion.Count)));
            next += portion.Count;
        }
    }

    private sealed class ReplayState
    {
        private readonly SortedDictionary<string, LogAction.Txn> _txns = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, LogAction.Add> _adds = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, LogAction.Remove> _removes = new(StringComparer.Ordinal);
        private LogAction.Protocol? _protocol;
        private LogAction.Metadata? _metadata;

        /// <summary>Newest time in the log, milliseconds since 1970 UTC.</summary>
        public long LastTimestamp { get; private set; }

        public void Apply(IReadOnlyList<LogAction> actions)
        {
            foreach (var action in actions)
            {
                switch (action)
                {
                    case LogAction.Protocol protocol: _protocol = protocol; break;
                    case LogAction.Metadata metadata: _metadata = metadata; break;
                    case LogAction.Txn txn: _txns[txn.AppId] = txn; break;
                    case LogAction.Add add: _adds[add.Path] = add with { DataChange = false }; _removes.Remove(add.Path); break;
                    case LogAction.Remove remove: _removes[remove.Path] = remove with { DataChange = false }; _adds.Remove(remove.Path); break;
                    case LogAction.Info info: LastTimestamp = Math.Max(LastTimestamp, info.Content.Timestamp); break;
                }
            }
        }

        public List<LogAction> ToActions(long tombstonesAfterMs)
        {
            if (_protocol is null || _metadata is null) throw new InvalidDataException("The log has no protocol or no metadata.");
            Mutation.Do(Bug.CheckpointLacksOneTxn, () => _txns.Remove(_txns.Keys.FirstOrDefault("")));
            return [_protocol, _metadata, .. _txns.Values, .. _removes.Values.Where(r => (r.DeletionTimestamp ?? 0) > tombstonesAfterMs), .. _adds.Values];
        }
    }
}
