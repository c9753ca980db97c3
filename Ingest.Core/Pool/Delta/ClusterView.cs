using Ingest.Core.Transfers;

namespace Ingest.Core.Pool.Delta;

/// <summary>What is known of one Kafka cluster beside the ledger of a table that reads it.</summary>
/// <param name="Cluster">Its name in the ledger. Topics of other clusters may have the same names.</param>
public sealed record ClusterView(string Cluster)
{
    /// <summary>What its brokers held when they were asked; null when they were not.</summary>
    public IReadOnlyDictionary<TopicPartition, PartitionBounds>? Ends { get; init; }

    /// <summary>Before they were asked: milliseconds since 1970 UTC.</summary>
    public long AskedAtMs { get; init; }

    /// <summary>Topics that the contracts bind to this table, with their departments; empty where there are no contracts.</summary>
    public IReadOnlyDictionary<string, string> Topics { get; init; } = new Dictionary<string, string>();

    /// <summary>The next offset of every partition that the table has ever read, of any cluster, by the names of the table's <c>txn</c> actions: these outlive the entries that moved them.</summary>
    public IReadOnlyDictionary<string, long> Offsets { get; init; } = new Dictionary<string, long>();

    /// <summary>Whether a partition was asked for, and ends at this offset.</summary>
    internal bool IsAtEnd(string cluster, TopicPartition source, long offset) =>
        cluster == Cluster && Ends is not null && Ends.TryGetValue(source, out var held) && held.End == offset;
}
