namespace Ingest.Core.Transfers.Kafka;

/// <summary>How transfers are read from Kafka.</summary>
public sealed record KafkaOptions
{
#if DEBUG
    private const int DefaultChunkBytes = 4096; // so that ordinary tests cross chunk boundaries
#else
    private const int DefaultChunkBytes = 1 << 20;
#endif

    /// <summary>host:port of one or more brokers, separated by commas. Required.</summary>
    public string BootstrapServers { get; init; } = "";

    /// <summary>Consumer group: workers of one group share the partitions.</summary>
    public string GroupId { get; init; } = "ingest";

    /// <summary>Name of this cluster in the tables' ledger; never change it for a cluster already ingested.</summary>
    public string Source { get; init; } = "kafka";

    /// <summary>Any librdkafka property, verbatim and above the defaults: TLS, SASL, old brokers, assignment strategy.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>Longest wait of one poll, and so for a rewind or a stop to be carried out. 1 ms to 10 s.</summary>
    public TimeSpan PollTimeout { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Bytes of payload after which a chunk is handed on; a larger transfer makes a chunk of its own. 1 KiB to 64 MiB.</summary>
    public int ChunkBytes { get; init; } = DefaultChunkBytes;

    /// <summary>A chunk is handed on at the latest after so long. 0 to 10 s.</summary>
    public TimeSpan ChunkLinger { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Bytes the client may fetch ahead over all partitions; they are not counted in the byte budget. 1 MiB to 2,047 MiB.</summary>
    public long PrefetchBytes { get; init; } = 32L << 20;

    /// <summary>
    /// How long polling waits for room before partitions are paused. Pausing makes the client forget what it fetched ahead and fetch it again, so
    /// patience is cheaper while decoders are merely busy; a rebalance waits meanwhile, heartbeats go on. 0 to 5 s.
    /// </summary>
    public TimeSpan PauseAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest wait for a broker's first and last offset of a partition, after which it is asked again. 1 s to 60 s.</summary>
    public TimeSpan BoundsTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often brokers are asked about partitions in which nothing comes, and for the ids of topics. 10 ms to 10 minutes.</summary>
    public TimeSpan AskInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>All that is wrong with the values; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (string.IsNullOrWhiteSpace(BootstrapServers)) errors.Add($"{nameof(BootstrapServers)} is empty; give host:port of at least one broker.");
        if (string.IsNullOrWhiteSpace(GroupId)) errors.Add($"{nameof(GroupId)} is empty; all workers of one pool share one name.");
        if (string.IsNullOrWhiteSpace(Source) || Source.AsSpan().IndexOfAny("/ \t") >= 0) errors.Add($"{nameof(Source)} is '{Source}'; it must be a name without '/' or spaces.");
        Check(nameof(PollTimeout), PollTimeout.TotalMilliseconds, 1, 10_000, "ms");
        Check(nameof(ChunkBytes), ChunkBytes, 1024, 64 << 20, "bytes");
        Check(nameof(ChunkLinger), ChunkLinger.TotalMilliseconds, 0, 10_000, "ms");
        Check(nameof(PrefetchBytes), PrefetchBytes, 1 << 20, 2047L << 20, "bytes");
        Check(nameof(PauseAfter), PauseAfter.TotalMilliseconds, 0, 5_000, "ms");
        Check(nameof(BoundsTimeout), BoundsTimeout.TotalMilliseconds, 1_000, 60_000, "ms");
        Check(nameof(AskInterval), AskInterval.TotalMilliseconds, 10, 600_000, "ms");
        foreach (var name in KafkaClientConfig.Reserved.Where(Properties.ContainsKey))
            errors.Add($"{nameof(Properties)} sets {name}, which exactly-once rests on; remove it.");
        return errors;

        void Check(string name, double value, double least, double most, string unit)
        {
            if (value < least || value > most) errors.Add($"{name} is {value} {unit}; it must be between {least} and {most} {unit}.");
        }
    }
}
