namespace Ingest.Core.Batching;

/// <summary>When an open batch is sealed. Immutable.</summary>
public sealed record BatchingOptions
{
    /// <summary>How long a record may wait for its commit. Shorter: fresher tables, more and smaller files. Default 2 s.</summary>
    public TimeSpan FlushAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The same while the worker is behind: nobody waits for the newest record then, and large batches are several times cheaper than small ones. Default 20 s.
    /// </summary>
    public TimeSpan FlushAfterBehind { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A batch this heavy is sealed, however young. Larger: fewer, larger files and more memory. Default 96 MiB.</summary>
    public long FlushBytes { get; init; } = 96L << 20;

    /// <summary>A batch with this many rows is sealed. Default 1,000,000.</summary>
    public int FlushRows { get; init; } = 1_000_000;

    /// <summary>A batch with rows for this many partitions is sealed: each becomes a file. Default 4,096.</summary>
    public int PartitionsMax { get; init; } = 4096;
}
