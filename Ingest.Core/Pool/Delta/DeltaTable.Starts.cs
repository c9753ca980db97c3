using Ingest.Core.Transfers;

namespace Ingest.Core.Pool.Delta;

/// <summary>Where partitions begin that the table has nothing of.</summary>
public sealed partial class DeltaTable
{
    /// <summary>Operation of an entry that says where partitions begin.</summary>
    private const string BeginOperation = "BEGIN";

    /// <summary>
    /// Stores where partitions begin of which nothing is stored, by an entry that holds nothing else; what is stored already stays. Changes nothing of ours, so that it may be done beside a
    /// commit, too; and it may be done again, whatever became of it.
    /// </summary>
    /// <param name="starts">For each partition the next offset, and the topic's id where the broker has one.</param>
    /// <exception cref="TableRefusedException">The log is not the one that was opened.</exception>
    public async ValueTask BeginAsync(IReadOnlyList<CommitRight> starts, Func<TopicPartition, string> appIdOf, CancellationToken cancellation)
    {
        while (true)
        {
            // Also after an entry of our own was created: a process that was stopped just before may have put it where the log has been cleaned since, and no reader looks.
            var tip = await PeekAsync(cancellation);
            var info = Info(BeginOperation, tip);
            var missing = starts.Where(s => !tip.Txns.ContainsKey(appIdOf(s.Source))).ToArray();
            if (missing.Length == 0) return;
            var offsets = missing.Select(s => new LogAction.Txn(appIdOf(s.Source), s.StartOffset, info.Timestamp));
            var pins = missing.Select(s => s.TopicId is { } id ? TopicPin.Action(tip, appIdOf(s.Source), id, info.Timestamp) : null).OfType<LogAction.Txn>().DistinctBy(p => p.AppId);
            await CreateEntryAsync(_store, tip.Version + 1, [new LogAction.Info(info), .. offsets, .. pins], cancellation);
        }
    }
}
