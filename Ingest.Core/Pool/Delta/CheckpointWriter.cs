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
    public static async ValueTask WriteAsync(IObjectStore table, long version, TimeProvider time, CancellationToken cancellation)
    {
        var (actions, index) = await ReplayAsync(table, version, time.GetUtcNow() - s_tombstoneRetention, cancellation);
        if (index.IsKnown) await table.CreateAsync(LogNames.IndexManifest(version), IndexManifest.Write(version, index), cancellation);

        var bytes = await CheckpointFile.EncodeAsync(actions, cancellation);
        var back = await CheckpointFile.DecodeAsync(bytes, cancellation);
        if (!LogJson.Write(back).AsSpan().SequenceEqual(LogJson.Write(actions))) throw new IOException($"The checkpoint of version {version} did not read back as it was written.");
        await table.CreateAsync(LogNames.Checkpoint(version), bytes, cancellation);

        // Going back would be harmless, but untidy: another worker may have written a later one meanwhile.
        if (await LogReader.CheckpointHintAsync(table, cancellation) is { } hint && hint >= version) return;
        var files = actions.Count(a => a is LogAction.Add);
        await table.ReplaceAsync(
            LogNames.LastCheckpoint,
            Encoding.UTF8.GetBytes($"{{\"version\":{version},\"size\":{actions.Count},\"sizeInBytes\":{bytes.Length},\"numOfAddFiles\":{files}}}\n"),
            cancellation);
    }

    /// <summary>The reconciled actions of a version, in an order that follows from the log, and its index.</summary>
    public static async ValueTask<(List<LogAction> Actions, LogIndex Index)> ReplayAsync(IObjectStore table, long version, DateTimeOffset tombstonesAfter, CancellationToken cancellation)
    {
        var state = new ReplayState();
        var from = 0L;
        if (await LogReader.CheckpointHintAsync(table, cancellation) is { } hint && hint < version && await CheckpointFile.ReadAsync(table, hint, cancellation) is { } start)
        {
            state.Apply(start, hint);
            state.Index = await IndexManifest.ReadAsync(table, hint, cancellation);
            from = hint + 1;
        }

        var last = from - 1;
        await foreach (var (at, entry) in LogReader.EntriesAsync(table, from, cancellation))
        {
            if (at > version) break;
            state.Apply(entry, at);
            last = at;
        }

        if (last < version) throw new InvalidDataException($"The log ends at version {last}, before the checkpoint's {version}.");
        return (state.ToActions(tombstonesAfter.ToUnixTimeMilliseconds()), state.Index);
    }

    /// <summary>The same from version 0 on, without any checkpoint and with all tombstones; null when the first entries are gone.</summary>
    public static async ValueTask<IReadOnlyList<LogAction>?> ReplayFromStartAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        var state = new ReplayState();
        var last = -1L;
        await foreach (var (at, entry) in LogReader.EntriesAsync(table, 0, cancellation))
        {
            if (at > version) break;
            state.Apply(entry, at);
            last = at;
        }

        return last == version ? state.ToActions(0) : null;
    }

    private sealed class ReplayState
    {
        private readonly SortedDictionary<string, LogAction.Txn> _txns = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, LogAction.Add> _adds = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, LogAction.Remove> _removes = new(StringComparer.Ordinal);
        private LogAction.Protocol? _protocol;
        private LogAction.Metadata? _metadata;

        public LogIndex Index { get; set; } = LogIndex.Empty;

        public void Apply(IReadOnlyList<LogAction> actions, long version)
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
                    case LogAction.Info { Content.Index: { } delta } info: Index = Index.Apply(delta, info.Content.ReplacesIndex, version); break;
                }
            }
        }

        public List<LogAction> ToActions(long tombstonesAfterMs)
        {
            if (_protocol is null || _metadata is null) throw new InvalidDataException("The log has no protocol or no metadata.");
            return [_protocol, _metadata, .. _txns.Values, .. _removes.Values.Where(r => (r.DeletionTimestamp ?? 0) > tombstonesAfterMs), .. _adds.Values];
        }
    }
}
