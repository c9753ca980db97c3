using System.Text;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Transfers;

/// <summary>The client passes over what it cannot read, and goes on behind it: to everybody else it looks like offsets without a message.</summary>
public sealed class DamagedLogTests
{
    [Fact]
    public async Task What_cannot_be_read_stops_its_partition_and_nothing_behind_it_is_taken()
    {
        using var broker = new EmbeddedBroker();
        using var proxy = new ControllerProxy(broker) { OnFetched = Damage };
        broker.CreateTopic("a", 1);
        broker.CreateTopic("b", 1);
        using var publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = broker.BootstrapServers, Compression = "none" });
        await Publish(publisher, "a", 10, "good");
        await Publish(publisher, "a", 10, "damaged");
        await Publish(publisher, "a", 10, "behind");
        await Publish(publisher, "b", 5, "good");
        // What was read before it waits for more to come, and may be gone from the broker when it is read again.
        using var running = new RunningSource(new KafkaOptions { BootstrapServers = proxy.Address, Properties = EmbeddedBroker.ConsumerProperties, ChunkLinger = TimeSpan.FromSeconds(2) }, ["a", "b"], new RecordingSink());
        await running.Until(() => running.Sink.Fault is not null && running.Sink.Count == 15);
        Assert.StartsWith("a/0: what the broker holds at offset 10 cannot be read (MessageSet at offset 10", running.Sink.Fault, StringComparison.Ordinal);
        Assert.Contains("pool accept-gap --topic a --partition 0 --to", running.Sink.Fault, StringComparison.Ordinal);
        Assert.Equal(10, running.Sink.NextOf(new("a", 0)));

        await Publish(publisher, "b", 5, "good");
        await running.Until(() => running.Sink.Count == 20);
    }

    /// <summary>A bit of it has changed on its way, or on the broker's disk.</summary>
    private static void Damage(byte[] answer)
    {
        for (var at = answer.AsSpan().IndexOf("damaged"u8); at >= 0; at = answer.AsSpan().IndexOf("damaged"u8)) answer[at] = (byte)'D';
    }

    private static Task Publish(TransferPublisher publisher, string topic, int count, string payload) => Task.Run(() =>
    {
        for (var i = 0; i < count; i++) publisher.Publish(topic, null, Encoding.UTF8.GetBytes(payload), CancellationToken.None);
        Assert.Equal(0, publisher.Flush(CancellationToken.None).Failed);
    });
}
