using System.Text;
using Ingest.Core.Transfers;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Transfers;

public sealed class KafkaFaultTests : IDisposable
{
    private const short ListOffsets = 2;

    private static readonly CancellationToken s_none = CancellationToken.None;
    private readonly EmbeddedBroker _broker = new();
    private readonly TransferPublisher _publisher;

    public KafkaFaultTests()
    {
        _publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = _broker.BootstrapServers });
    }

    private KafkaOptions Options => new()
    {
        BootstrapServers = _broker.BootstrapServers,
        Properties = EmbeddedBroker.ConsumerProperties,
        PauseAfter = TimeSpan.FromMilliseconds(20),
    };

    public void Dispose()
    {
        _publisher.Dispose();
        _broker.Dispose();
    }

    [Theory]
    [InlineData(10)]
    [InlineData(5000)]
    public async Task An_offset_outside_of_the_log_stops_the_partition_loudly(long start)
    {
        _broker.CreateTopic("a", 1);
        await Publish("a", 0, 1000);
        _broker.DeleteRecords("a", 0, 500);
        using var running = new RunningSource(Options, ["a"], new RecordingSink { StartAt = _ => start });
        await running.Until(() => running.Sink.Fault is not null);
        Assert.Contains($"offset {start} is not in the broker's log", running.Sink.Fault, StringComparison.Ordinal);
        Assert.Equal(0, running.Sink.Count);
    }

    [Fact]
    public async Task A_broker_that_is_away_for_a_while_costs_nothing_but_time()
    {
        _broker.CreateTopic("a", 2);
        await Publish("a", 0, 100);
        using var running = new RunningSource(Options, ["a"], new RecordingSink());
        await running.Until(() => running.Sink.Count == 100);
        _broker.SetReachable(1, false);
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        _broker.SetReachable(1, true);
        await Publish("a", 100, 300);
        await running.Until(() => running.Sink.Count == 300);
    }

    [Fact]
    public async Task A_sink_that_fails_at_assignment_ends_the_run_with_its_reason()
    {
        _broker.CreateTopic("a", 1);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var source = new KafkaTransferSource(Options, ["a"], new ByteBudget(1 << 20), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var sink = new RecordingSink { StartAt = _ => throw new InvalidDataException("the table is damaged") };
        var thrown = await Record.ExceptionAsync(() => source.RunAsync(sink, stop.Token));
        Assert.Equal("the table is damaged", Assert.IsType<InvalidDataException>(thrown).Message);
    }

    [Fact]
    public async Task Brokers_that_do_not_lead_a_partition_yet_are_asked_again_what_they_hold()
    {
        _broker.CreateTopic("a", 1);
        await Publish("a", 0, 10);
        _broker.FailNext(ListOffsets, (int)Confluent.Kafka.ErrorCode.NotLeaderForPartition, (int)Confluent.Kafka.ErrorCode.NotLeaderForPartition, (int)Confluent.Kafka.ErrorCode.LeaderNotAvailable);
        Assert.Equal((0, 10), Bounds() is var held ? (held.Start, held.End) : default);
        _broker.FailNext(ListOffsets, (int)Confluent.Kafka.ErrorCode.TopicAuthorizationFailed, (int)Confluent.Kafka.ErrorCode.TopicAuthorizationFailed);
        Assert.Throws<TransferSourceException>(() => Bounds());

        PartitionBounds Bounds() => TopicBounds.Read(_broker.BootstrapServers, new Dictionary<string, string>(), ["a"], s_none).Values.Single();
    }

    [Fact]
    public async Task What_brokers_hold_is_asked_for_all_partitions_together()
    {
        _broker.CreateTopic("a", 100);
        await Publish("a", 0, 1000);
        _broker.RememberRequests();
        var held = TopicBounds.Read(_broker.BootstrapServers, new Dictionary<string, string>(), ["a"], s_none);
        Assert.Equal(1000, held.Values.Sum(b => b.End - b.Start));
        Assert.Equal(100, held.Count);
        Assert.Equal(2, _broker.Requests(ListOffsets));

        using var running = new RunningSource(Options, ["a"], new RecordingSink());
        await running.Until(() => running.Sink.Count == 1000);
        Assert.Equal(4, _broker.Requests(ListOffsets));
    }

    [Fact]
    public async Task A_partition_whose_leader_does_not_know_its_offsets_does_not_hide_what_is_held_of_the_others()
    {
        _broker.CreateTopic("a", 3);
        await Publish("a", 0, 30);
        _broker.DeleteRecords("a", 1, 4);
        _broker.FailNext(ListOffsets, (int)Confluent.Kafka.ErrorCode.NotLeaderForPartition);
        var held = TopicBounds.Read(_broker.BootstrapServers, new Dictionary<string, string>(), ["a"], s_none);
        Assert.Equal(3, held.Count);
        Assert.Equal([0, 4, 0], held.OrderBy(b => b.Key.Partition).Select(b => b.Value.Start));
    }

    [Fact]
    public void Properties_that_exactly_once_rests_on_cannot_be_set()
    {
        var options = Options with { BootstrapServers = "", Properties = new Dictionary<string, string> { ["enable.auto.commit"] = "true" } };
        Assert.Equal(2, options.Validate().Count);
        var thrown = Assert.Throws<ArgumentException>(() => new KafkaTransferSource(
            options, ["a"], new ByteBudget(1), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance));
        Assert.Contains("enable.auto.commit", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_hangs_loses_its_partitions_and_gets_them_back()
    {
        _broker.CreateTopic("a", 2);
        await Publish("a", 0, 100);
        var hangs = 1;
        var sink = new RecordingSink();
        sink.Accepts = _ =>
        {
            if (Interlocked.Exchange(ref hangs, 0) == 1) s_none.WaitHandle.WaitOne(TimeSpan.FromSeconds(5));
            return true;
        };
        var properties = new Dictionary<string, string>(EmbeddedBroker.ConsumerProperties) { ["max.poll.interval.ms"] = "3000" };
        using var running = new RunningSource(Options with { Properties = properties }, ["a"], sink);
        await running.Until(() => sink.Events.Contains("lost 2"));
        await running.Until(() => sink.AssignedCount == 2 && sink.Count == 100);
    }

    [Fact]
    public async Task A_topic_that_does_not_exist_yet_is_read_once_it_does()
    {
        _broker.CreateTopic("a", 1);
        var properties = new Dictionary<string, string>(EmbeddedBroker.ConsumerProperties) { ["topic.metadata.refresh.interval.ms"] = "300" };
        using var running = new RunningSource(Options with { Properties = properties }, ["a", "later"], new RecordingSink());
        await running.Until(() => running.Sink.AssignedCount == 1);
        _broker.CreateTopic("later", 1);
        await Publish("later", 0, 10);
        await running.Until(() => running.Sink.Count == 10);
    }

    [Fact]
    public async Task Publishing_accounts_for_every_transfer_and_says_why_one_cannot_be_sent()
    {
        _broker.CreateTopic("a", 1);
        var (source, offset) = await _publisher.PublishAsync("a", "key", "payload"u8.ToArray(), s_none);
        Assert.Equal((new TopicPartition("a", 0), 0), (source, offset));
        await Publish("a", 1, 11);
        var thrown = await Assert.ThrowsAsync<TransferSourceException>(() => _publisher.PublishAsync("a", null, new byte[70 << 20], s_none));
        Assert.Contains("cannot be sent", thrown.Message, StringComparison.Ordinal);
        var report = _publisher.Report;
        Assert.Equal((11, 11, 0, 0), (report.Published, report.Delivered, report.Failed, report.InFlight));
    }

    [Fact]
    public void A_refusal_at_the_start_ends_the_run_and_a_later_one_does_not()
    {
        var error = new Confluent.Kafka.Error(Confluent.Kafka.ErrorCode.SaslAuthenticationFailed, "wrong password");
        Assert.Contains("wrong password", KafkaErrors.WhyFatal(error, everAssigned: false), StringComparison.Ordinal);
        Assert.Null(KafkaErrors.WhyFatal(error, everAssigned: true));
    }

    /// <summary>The client refuses everything from then on, also to leave its group: that must not be what is told.</summary>
    [Fact]
    public async Task A_worker_whose_name_another_one_has_taken_ends_and_says_so()
    {
        const short Heartbeat = 12;
        _broker.CreateTopic("a", 1);
        var properties = new Dictionary<string, string>(EmbeddedBroker.ConsumerProperties) { ["group.instance.id"] = "worker-1" };
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var source = new KafkaTransferSource(Options with { Properties = properties }, ["a"], new ByteBudget(1 << 20), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var sink = new RecordingSink();
        var running = source.RunAsync(sink, stop.Token);
        while (sink.AssignedCount == 0 && !running.IsCompleted) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        _broker.FailNext(Heartbeat, (int)Confluent.Kafka.ErrorCode.FencedInstanceId);
        var thrown = Assert.IsType<TransferSourceException>(await Record.ExceptionAsync(() => running));
        Assert.Contains("Another worker has joined the group under our group.instance.id", thrown.Message, StringComparison.Ordinal);
    }

    private Task Publish(string topic, int from, int to) => Task.Run(() =>
    {
        for (var i = from; i < to; i++) _publisher.Publish(topic, $"{i}", Encoding.UTF8.GetBytes($"{i}"), s_none);
        var report = _publisher.Flush(s_none);
        Assert.Equal((0, 0), (report.InFlight, report.Failed));
    });
}
