using System.Text;
using Ingest.Core;
using Ingest.Core.Transfers;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Transfers;

/// <summary>
/// The same source against a Kafka in other processes. INGEST_TEST_KAFKA is its bootstrap list, INGEST_TEST_KAFKA_PROPERTIES its client properties as
/// "name=value;name=value", which need four partitions a new topic and topics created on first use.
/// </summary>
public sealed class RealKafkaTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;
    private static readonly string s_brokers = Environment.GetEnvironmentVariable("INGEST_TEST_KAFKA") ?? "";
    private static readonly Dictionary<string, string> s_properties =
        (Environment.GetEnvironmentVariable("INGEST_TEST_KAFKA_PROPERTIES") ?? "")
        .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(p => p.Split('=', 2))
        .ToDictionary(p => p[0], p => p[1]);

    private readonly string _topic = $"test-{IdSource.System.Next():N}";

    private static bool IsOld => s_properties.ContainsKey("broker.version.fallback");

    private KafkaOptions Options
    {
        get
        {
            var properties = new Dictionary<string, string>(s_properties);
            if (IsOld) properties["partition.assignment.strategy"] = "range";
            return new KafkaOptions { BootstrapServers = s_brokers, GroupId = _topic, Properties = properties };
        }
    }

    [Fact]
    public async Task A_hundred_thousand_transfers_arrive_once_while_workers_come_and_go()
    {
        using var publisher = Publisher();
        await Publish(publisher, 0, 50_000);
        using var first = new RunningSource(Options, [_topic], new RecordingSink());
        await first.Until(() => first.Sink.Count == 50_000);
        Assert.Equal(50_000, Sources.Sum(first.Sink.NextOf));

        // Each goes on where either stood, however often partitions move.
        var secondSink = new RecordingSink();
        secondSink.StartAt = first.Sink.StartAt = b => Math.Max(first.Sink.NextOf(b.Source), secondSink.NextOf(b.Source));
        using var second = new RunningSource(Options, [_topic], secondSink);
        await second.Until(() => second.Sink.AssignedCount == 2 && first.Sink.AssignedCount == 2);
        await Publish(publisher, 50_000, 90_000);
        await second.Until(() => first.Sink.Count + second.Sink.Count == 90_000);
        second.Stop();
        await first.Until(() => first.Sink.AssignedCount == 4);
        await Publish(publisher, 90_000, 100_000);
        await first.Until(() => first.Sink.Count + second.Sink.Count == 100_000);
        Assert.Equal(100_000, Sources.SelectMany(s => first.Sink.PayloadsOf(s).Concat(second.Sink.PayloadsOf(s))).Distinct().Count());
        await first.Until(() => Sources.All(s => first.Sink.EndOf(s) == first.Sink.NextOf(s)));
    }

    [Fact]
    public async Task Under_a_tiny_budget_large_and_small_transfers_pass()
    {
        using var publisher = Publisher();
        await Publish(publisher, 0, 1000);
        var large = new byte[4 << 20];
        Array.Fill(large, (byte)'x');
        for (var i = 0; i < 8; i++) await publisher.PublishAsync(_topic, $"{i}", large, s_none);
        await Publish(publisher, 1000, 2000);
        using var running = new RunningSource(Options with { PauseAfter = TimeSpan.Zero }, [_topic], new RecordingSink { Releases = false }, new ByteBudget(200_000));
        for (var before = -1; running.Sink.Count < 2008;)
        {
            await running.Until(() => running.Sink.Count > before);
            before = running.Sink.Count;
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            running.Sink.ReleaseKept();
        }

        Assert.Equal(2008, running.Sink.Count);
    }

    private IEnumerable<TopicPartition> Sources => Enumerable.Range(0, 4).Select(i => new TopicPartition(_topic, i));

    private static TransferPublisher Publisher()
    {
        if (s_brokers.Length == 0) Assert.Skip("wants INGEST_TEST_KAFKA, the bootstrap list of a Kafka");
        return new TransferPublisher(new PublisherOptions
        {
            BootstrapServers = s_brokers,
            Idempotent = !IsOld,
            Properties = s_properties.Where(p => p.Key != "session.timeout.ms").ToDictionary(),
        });
    }

    private Task Publish(TransferPublisher publisher, int from, int to) => Task.Run(() =>
    {
        for (var i = from; i < to; i++) publisher.Publish(_topic, $"{i}", Encoding.UTF8.GetBytes($"{i}"), s_none);
        var report = publisher.Flush(s_none);
        Assert.Equal((0L, 0L, null), (report.InFlight, report.Failed, report.FirstError));
    });
}
