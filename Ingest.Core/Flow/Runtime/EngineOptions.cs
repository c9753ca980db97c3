using Ingest.Core.Batching;
using Ingest.Core.Decoding;
using Ingest.Core.Flow.Protocol;

namespace Ingest.Core.Flow.Runtime;

/// <summary>What the engine needs to be told; see the README's table of settings. Immutable.</summary>
public sealed record EngineOptions
{
    /// <summary>Name of the Kafka cluster in the tables' ledger. Another cluster, or a topic that was re-created, needs another name.</summary>
    public string SourceName { get; init; } = "kafka";

    /// <summary>Where partitions that the pool has never seen begin.</summary>
    public StartPolicy StartFrom { get; init; } = StartPolicy.Earliest;

    /// <summary>Bytes that data in flight may take (after the share of the Kafka client's own prefetch).</summary>
    public long BudgetBytes { get; init; } = 384L << 20;

    /// <summary>Threads that decode. Default: one a core.</summary>
    public int DecodeWorkers { get; init; } = Environment.ProcessorCount;

    public DecodeLimits Decoding { get; init; } = new();

    public BatchingOptions Batching { get; init; } = new();

    /// <summary>
    /// How long offsets in which a table found no record of its own may stay uncommitted. Longer: fewer empty commits; shorter: less to skip over after a restart.
    /// </summary>
    public TimeSpan IdleFlushAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a partition's hand-over may wait for open batches to be committed, and how long a worker that is to end may go on committing. Must be well below the group's session timeout.</summary>
    public TimeSpan HandOverMax { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often the control loop looks at the clock when nothing else wakes it. Longer: fewer wake-ups of an idle worker; shorter: batches closer to their age.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How many commits between checkpoints of a table.</summary>
    public int CheckpointInterval { get; init; } = 100;

    public HousekeepingOptions Housekeeping { get; init; } = new();

    /// <summary>Local folder for copies of index runs; may be deleted at any time.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>End when all that the partitions held at assignment is committed.</summary>
    public bool UntilCaughtUp { get; init; }
}
