using Confluent.Kafka;

namespace Ingest.Perf.Workloads;

/// <summary>The brokers to measure with, and what their clients need; from INGEST_PERF_KAFKA and INGEST_PERF_KAFKA_PROPERTIES ("name=value;name=value").</summary>
internal sealed record KafkaAccess(string Brokers, IReadOnlyDictionary<string, string> Properties)
{
    public const string BrokersVariable = "INGEST_PERF_KAFKA", PropertiesVariable = "INGEST_PERF_KAFKA_PROPERTIES";

    /// <summary>Brokers before 0.11 know no idempotent producer.</summary>
    public bool IsOld => Properties.ContainsKey("broker.version.fallback");

    /// <summary>Null when no brokers are given.</summary>
    public static KafkaAccess? FromEnvironment() => Environment.GetEnvironmentVariable(BrokersVariable) is { Length: > 0 } brokers
        ? new KafkaAccess(brokers, (Environment.GetEnvironmentVariable(PropertiesVariable) ?? "")
            .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal))
        : null;

    /// <summary>A consumer as most would set it up, from the beginning, with a new group.</summary>
    public ConsumerConfig Consumer(string group)
    {
        var config = new ConsumerConfig { BootstrapServers = Brokers, GroupId = group, AutoOffsetReset = AutoOffsetReset.Earliest, EnableAutoCommit = false };
        foreach (var (name, value) in Properties) config.Set(name, value);
        return config;
    }
}
