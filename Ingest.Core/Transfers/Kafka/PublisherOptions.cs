namespace Ingest.Core.Transfers.Kafka;

/// <summary>How transfers are published.</summary>
public sealed record PublisherOptions
{
    /// <summary>host:port of one or more brokers, separated by commas. Required.</summary>
    public string BootstrapServers { get; init; } = "";

    /// <summary>Whether the broker drops what a retry sends twice. Brokers before 0.11 (as told by <c>broker.version.fallback</c>) cannot; a repeated transfer is then dropped by deduplication.</summary>
    public bool Idempotent { get; init; } = true;

    /// <summary>none, gzip, snappy, lz4 or zstd (brokers from 2.1).</summary>
    public string Compression { get; init; } = "lz4";

    /// <summary>Transfers sent but not confirmed beyond which publishing waits. At least 1.</summary>
    public int InFlightMessages { get; init; } = 10_000;

    /// <summary>Bytes sent but not confirmed beyond which publishing waits. At least 1 MiB.</summary>
    public long InFlightBytes { get; init; } = 64L << 20;

    /// <summary>Told what troubles the client while it tries on, such as a broker that does not answer; called on the client's own thread.</summary>
    public Action<string>? OnTrouble { get; init; }

    /// <summary>Any librdkafka property, verbatim and above the defaults.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();
}
