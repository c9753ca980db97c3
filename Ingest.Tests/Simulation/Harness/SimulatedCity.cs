using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>
/// The departments and their contracts: one table that two topics feed, one topic that feeds two tables, one table by content and one by identity.
/// </summary>
internal static class SimulatedCity
{
    public const string Events = "events", Licences = "licences";

    private const string EventsContract = """
        dataset: events
        topics:
          - { topic: a, department: north }
          - { topic: b, department: south }
        format: json
        select: { field: kind, equals: event }
        time_zone: UTC
        partition: [department]
        columns:
          - { name: id, type: string, required: true }
          - { name: v, type: long, required: true }
        """;

    private const string LicencesContract = """
        dataset: licences
        topics:
          - { topic: a, department: north }
        format: json
        select: { field: kind, equals: licence }
        time_zone: UTC
        partition: [department]
        dedup: { mode: identity, identity: [no] }
        columns:
          - { name: no, type: string, required: true }
          - { name: holder, type: string, required: true }
        """;

    public static Catalog Catalog { get; } = Load();

    public static string DepartmentOf(string topic) => topic == "a" ? "north" : "south";

    /// <summary>The tables that a topic feeds.</summary>
    public static string[] TablesOf(string topic) => topic == "a" ? [Events, Licences] : [Events];

    /// <summary>Publishes one transfer and remembers what is in it.</summary>
    public static void Publish(World world, Broker broker, Truth truth, int variety, double refused = 1)
    {
        var partition = broker.Partitions[world.Random.Next(broker.Partitions.Count)];
        var records = new PublishedRecord[world.Chance(0.03) ? 0 : world.Random.Next(1, 5)];
        for (var i = 0; i < records.Length; i++) records[i] = Draw(world, partition.Topic, variety, refused);
        if (world.Chance(0.03)) records = [new PublishedRecord(RecordKind.Malformed, "", "")];
        truth.Add(partition, broker.Publish(partition, Payload(records)), records);
    }

    /// <summary>Publishes one event as a transfer of its own.</summary>
    public static void PublishEvent(Broker broker, Truth truth, TopicPartition partition, string key)
    {
        PublishedRecord[] records = [new PublishedRecord(RecordKind.Event, key, "1")];
        truth.Add(partition, broker.Publish(partition, Payload(records)), records);
    }

    private static PublishedRecord Draw(World world, string topic, int variety, double refused)
    {
        var drawn = world.Random.Next(variety);
        if (world.Chance(0.02 * refused)) return new PublishedRecord(RecordKind.Unknown, $"z{drawn}", "");
        if (topic == "a" && world.Chance(0.4))
            return world.Chance(0.05 * refused) ? new PublishedRecord(RecordKind.BadLicence, "", "nobody") : new PublishedRecord(RecordKind.Licence, $"L{drawn}", world.Chance(0.1) ? "other" : "one");
        return world.Chance(0.04 * refused) ? new PublishedRecord(RecordKind.BadEvent, $"e{drawn}", "x") : new PublishedRecord(RecordKind.Event, $"e{drawn}", world.Random.Next(2) == 0 ? "0" : "1");
    }

    private static byte[] Payload(PublishedRecord[] records)
    {
        if (records is [{ Kind: RecordKind.Malformed }]) return "[{\"kind\":\"eve"u8.ToArray();
        var text = new StringBuilder("[");
        foreach (var record in records)
        {
            if (text.Length > 1) text.Append(',');
            text.Append(record.Kind switch
            {
                RecordKind.Event => $$"""{"kind":"event","id":"{{record.Key}}","v":{{record.Content}}}""",
                RecordKind.BadEvent => $$"""{"kind":"event","id":"{{record.Key}}","v":"{{record.Content}}"}""",
                RecordKind.Licence => $$"""{"kind":"licence","no":"{{record.Key}}","holder":"{{record.Content}}"}""",
                RecordKind.BadLicence => $$"""{"kind":"licence","holder":"{{record.Content}}"}""",
                _ => $$"""{"kind":"{{record.Key}}"}""",
            });
        }

        return Encoding.UTF8.GetBytes(text.Append(']').ToString());
    }

    private static Catalog Load()
    {
        var loaded = CatalogLoader.Load([new ContractSource("events.yaml", EventsContract), new ContractSource("licences.yaml", LicencesContract)]);
        return loaded.Catalog ?? throw new InvalidOperationException(string.Join('\n', loaded.Errors));
    }
}
