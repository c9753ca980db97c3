using System.Globalization;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>The librdkafka properties of our clients: our defaults, what an operator sets, and what nobody may change.</summary>
internal static class KafkaClientConfig
{
    /// <summary>librdkafka's property for what it tells of itself.</summary>
    public const string Debug = "debug";

    private const string LargestTransferBytes = "67108864";

    /// <summary>Set by us and by nobody else: offsets come from the tables, and a position outside the log must be an error, not a jump.</summary>
    private static readonly Dictionary<string, string> s_fixed = new()
    {
        ["enable.auto.commit"] = "false",
        ["enable.auto.offset.store"] = "false",
        ["auto.offset.reset"] = "error",
        ["enable.partition.eof"] = "true",
    };

    public static IEnumerable<string> Reserved => s_fixed.Keys;

    public static Dictionary<string, string> Consumer(KafkaOptions options)
    {
        var config = new Dictionary<string, string>
        {
            ["partition.assignment.strategy"] = "cooperative-sticky",
            ["isolation.level"] = "read_committed",
            ["allow.auto.create.topics"] = "false",
            ["topic.metadata.refresh.interval.ms"] = "30000", // a topic created later is found within this

            // Of all partitions together; a larger transfer comes alone. The client's own 50 MB would be most of the prefetch, and on top of it.
            ["fetch.max.bytes"] = Math.Clamp(options.PrefetchBytes / 4, 1 << 20, 16 << 20).ToString(CultureInfo.InvariantCulture),
            ["message.max.bytes"] = "1000000", // fetches are never smaller than this, and nothing is produced here
            ["queued.max.messages.kbytes"] = (options.PrefetchBytes >> 10).ToString(CultureInfo.InvariantCulture),

            // How long a full queue puts off the next fetch. The client's own second outlasts what is queued: workers then wait for the network with idle cores.
            ["fetch.queue.backoff.ms"] = "50",
        };

        // Brokers before 0.10.1 know no bound over all partitions: each of some hundred would send its megabyte in one answer.
        if (IsBefore(new Version(0, 10, 1), options.Properties)) config["fetch.message.max.bytes"] = Math.Clamp(options.PrefetchBytes / 128, 64 << 10, 1 << 20).ToString(CultureInfo.InvariantCulture);

        // What rotted on a broker's disk must not become a record. Batches since 0.11 have a checksum that processors compute; the older one takes a tenth of a backlog's time, and is for whoever asks.
        if (!IsBefore(new Version(0, 11), options.Properties)) config["check.crcs"] = "true";
        Overlay(config, options.Properties);
        Overlay(config, s_fixed);

        // With Kafka 4's protocol the broker assigns, and the client refuses a strategy of its own.
        if (options.Properties.GetValueOrDefault("group.protocol") == "consumer" && !options.Properties.ContainsKey("partition.assignment.strategy")) config.Remove("partition.assignment.strategy");
        config[Debug] = options.Properties.GetValueOrDefault(Debug) is { Length: > 0 } given ? $"{given},{TopicNews.Debug}" : TopicNews.Debug;
        config["bootstrap.servers"] = options.BootstrapServers;
        config["group.id"] = options.GroupId;
        return config;
    }

    public static Dictionary<string, string> Producer(PublisherOptions options)
    {
        var isIdempotent = options.Idempotent && !IsBefore(new Version(0, 11), options.Properties) && options.Properties.GetValueOrDefault("enable.idempotence") != "false";
        var config = new Dictionary<string, string>
        {
            ["acks"] = "all",
            ["enable.idempotence"] = isIdempotent ? "true" : "false",
            ["compression.type"] = options.Compression,
            ["linger.ms"] = "5",
            ["message.max.bytes"] = LargestTransferBytes,
            ["queue.buffering.max.messages"] = (options.InFlightMessages + 1).ToString(CultureInfo.InvariantCulture),
            ["queue.buffering.max.kbytes"] = (options.InFlightBytes >> 10).ToString(CultureInfo.InvariantCulture),
            ["dotnet.producer.delivery.report.fields"] = "none",
        };

        // Without idempotence a retry could overtake the batch behind it: one request at a time keeps the order.
        if (!isIdempotent) config["max.in.flight.requests.per.connection"] = "1";
        Overlay(config, options.Properties);
        config["bootstrap.servers"] = options.BootstrapServers;
        return config;
    }

    /// <summary>Whether the properties describe a broker older than a version, as they must for brokers that cannot say theirs themselves.</summary>
    private static bool IsBefore(Version asked, IReadOnlyDictionary<string, string> properties) =>
        properties.GetValueOrDefault("api.version.request") == "false"
        && Version.TryParse(properties.GetValueOrDefault("broker.version.fallback", "0.9.0.1"), out var version) && version < asked;

    private static void Overlay(Dictionary<string, string> config, IEnumerable<KeyValuePair<string, string>> above)
    {
        foreach (var (name, value) in above) config[name] = value;
    }
}
