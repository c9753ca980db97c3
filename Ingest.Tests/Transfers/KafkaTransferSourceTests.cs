using System.Text;
using Ingest.Core.Transfers;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Transfers;

public sealed class KafkaTransferSourceTests : IDisposable
{
    private static readonly CancellationToken s_none = CancellationToken.None;
    private readonly EmbeddedBroker _broker = new();
    private readonly TransferPublisher _publisher;

    public KafkaTransferSourceTests()
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

    [Fact]
    public async Task Everything_published_arrives_once_and_in_order_to_the_end_of_each_partition()
    {
        _broker.CreateTopic("a", 3);
        _broker.CreateTopic("b", 2);
        await Publish("a", 0, 2000);
        await Publish("b", 2000, 3000);
        using var running = new RunningSource(Options, ["a", "b"], new RecordingSink());
        await running.Until(() => running.Sink.Count == 3000);
        var all = Sources("a", 3).Concat(Sources("b", 2)).ToList();
        await running.Until(() => all.All(s => running.Sink.EndOf(s) == running.Sink.NextOf(s)));
        Assert.Equal(Enumerable.Range(0, 3000), all.SelectMany(running.Sink.PayloadsOf).Select(int.Parse).Order());
        foreach (var source in all) Assert.Equal(running.Sink.PayloadsOf(source), running.Sink.PayloadsOf(source).OrderBy(int.Parse));
    }

    [Fact]
    public async Task An_empty_partition_reports_its_end()
    {
        _broker.CreateTopic("a", 1);
        using var running = new RunningSource(Options, ["a"], new RecordingSink());
        await running.Until(() => running.Sink.EndOf(new("a", 0)) == 0);
    }

    [Fact]
    public async Task Under_a_tiny_budget_it_pauses_and_goes_on_with_nothing_lost_or_doubled()
    {
        _broker.CreateTopic("a", 4);
        await Publish("a", 0, 3000);
        var sink = new RecordingSink { Releases = false };
        using var running = new RunningSource(Options with { ChunkBytes = 1024 }, ["a"], sink, new ByteBudget(40_000));
        var before = -1;
        while (sink.Count < 3000)
        {
            await running.Until(() => sink.Count > before);
            before = sink.Count;
            Assert.True(running.Budget.UsedBytes <= 40_000 + 20_000);
            await Task.Delay(TimeSpan.FromMilliseconds(40), TimeProvider.System);
            sink.ReleaseKept();
        }

        Assert.Equal(Enumerable.Range(0, 3000), Sources("a", 4).SelectMany(sink.PayloadsOf).Select(int.Parse).Order());
    }

    [Fact]
    public async Task While_the_sink_refuses_nothing_is_dropped_and_rebalances_go_on()
    {
        _broker.CreateTopic("a", 4);
        await Publish("a", 0, 1000);
        var refuses = true;
        var sink = new RecordingSink { Accepts = _ => !Volatile.Read(ref refuses) };
        using var running = new RunningSource(Options, ["a"], sink);
        await running.Until(() => sink.AssignedCount == 4);
        using (var other = new RunningSource(Options, ["a"], new RecordingSink()))
        {
            await other.Until(() => other.Sink.AssignedCount == 2 && sink.AssignedCount == 2);
            Volatile.Write(ref refuses, false);
            await running.Until(() => sink.Count + other.Sink.Count == 1000);
        }
    }

    /// <summary>The client keeps a pause beyond an assignment: such a partition was never read again, while all looked well.</summary>
    [Fact]
    public async Task A_partition_that_was_paused_when_it_was_handed_over_is_read_when_it_comes_back()
    {
        _broker.CreateTopic("a", 4);
        await Publish("a", 0, 1000);
        var sink = new RecordingSink { WantsTransfers = false };
        using var running = new RunningSource(Options, ["a"], sink);
        await running.Until(() => sink.AssignedCount == 4);
        using var other = new RunningSource(Options, ["a"], new RecordingSink());
        await other.Until(() => other.Sink.AssignedCount == 2 && sink.AssignedCount == 2);
        var start = Sources("a", 4).ToDictionary(s => s, s => other.Sink.HoldsRight(s) ? -1 : 0);
        sink.WantsTransfers = true;
        await running.Until(() => sink.Count + other.Sink.Count == 1000);
        sink.StartAt = b => start[b.Source] < 0 ? other.Sink.NextOf(b.Source) : sink.NextOf(b.Source);
        other.Stop();
        await running.Until(() => sink.AssignedCount == 4);
        await Publish("a", 1000, 1100);
        await running.Until(() => sink.Count + other.Sink.Count == 1100);
    }

    [Fact]
    public async Task While_the_sink_wants_nothing_nothing_comes()
    {
        _broker.CreateTopic("a", 1);
        await Publish("a", 0, 100);
        var sink = new RecordingSink { WantsTransfers = false };
        using var running = new RunningSource(Options, ["a"], sink);
        await running.Until(() => sink.AssignedCount == 1);
        await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System);
        Assert.Equal(0, sink.Count);
        sink.WantsTransfers = true;
        await running.Until(() => sink.Count == 100);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_rewind_reads_again_from_its_offset_also_while_paused(bool paused)
    {
        _broker.CreateTopic("a", 2);
        await Publish("a", 0, 1000);
        var sink = new RecordingSink();
        using var running = new RunningSource(Options, ["a"], sink);
        await running.Until(() => sink.Count == 1000);
        if (paused)
        {
            sink.WantsTransfers = false;
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        }

        var source = new TopicPartition("a", 1);
        var old = sink.RightOf(source);
        running.Source.Rewind(old, sink.PrepareRewind(source, 100));
        await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        sink.WantsTransfers = true;
        await running.Until(() => sink.Count == 1000);
        Assert.False(old.IsHeld);
        await Publish("a", 1000, 1100);
        await running.Until(() => sink.Count == 1100);
    }

    [Fact]
    public async Task Rewinds_in_full_flow_lose_and_double_nothing()
    {
        _broker.CreateTopic("a", 1);
        var source = new TopicPartition("a", 0);
        await Publish("a", 0, 20_000);
        var random = new Random(11);
        using var running = new RunningSource(Options with { ChunkBytes = 1024 }, ["a"], new RecordingSink());
        for (var i = 0; i < 20; i++)
        {
            var at = running.Sink.NextOf(source);
            await running.Until(() => running.Sink.NextOf(source) > at || at == 20_000);
            var old = running.Sink.RightOf(source);
            running.Source.Rewind(old, running.Sink.PrepareRewind(source, random.NextInt64(running.Sink.NextOf(source) + 1)));
        }

        await running.Until(() => running.Sink.Count == 20_000);
        Assert.Equal(Enumerable.Range(0, 20_000), running.Sink.PayloadsOf(source).Select(int.Parse));
    }

    [Fact]
    public async Task Two_workers_share_the_partitions_and_hand_them_over()
    {
        _broker.CreateTopic("a", 6);
        var start = new Dictionary<TopicPartition, long>();
        using var first = new RunningSource(Options, ["a"], new RecordingSink());
        await first.Until(() => first.Sink.AssignedCount == 6);
        await Publish("a", 0, 500);
        await first.Until(() => first.Sink.Count == 500);
        using var second = new RunningSource(Options, ["a"], new RecordingSink { StartAt = b => first.Sink.NextOf(b.Source) });
        await second.Until(() => second.Sink.AssignedCount == 3 && first.Sink.AssignedCount == 3);
        await Publish("a", 500, 1500);
        await second.Until(() => first.Sink.Count + second.Sink.Count == 1500);
        Assert.All(first.Sink.Events, e => Assert.DoesNotContain("lost", e, StringComparison.Ordinal));
        foreach (var source in Sources("a", 6).Where(second.Sink.HoldsRight)) start[source] = second.Sink.NextOf(source);
        first.Sink.StartAt = b => start[b.Source];
        second.Stop();
        await first.Until(() => first.Sink.AssignedCount == 6);
        await Publish("a", 1500, 1600);
        await first.Until(() => first.Sink.Count + second.Sink.Count == 1600);
    }

    [Fact]
    public async Task A_restart_begins_where_the_sink_says_and_not_at_the_groups_offset()
    {
        _broker.CreateTopic("a", 1);
        await Publish("a", 0, 200);
        var source = new TopicPartition("a", 0);
        using (var first = new RunningSource(Options, ["a"], new RecordingSink()))
        {
            await first.Until(() => first.Sink.Count == 200);
            first.Source.ReportProgress(first.Sink.RightOf(source), 200);
        }

        using var again = new RunningSource(Options, ["a"], new RecordingSink { StartAt = _ => 150 });
        await again.Until(() => again.Sink.Count == 50);
        Assert.Equal("150", again.Sink.PayloadsOf(source)[0]);
    }

    [Fact]
    public async Task A_halted_partition_stays_silent_and_the_others_go_on()
    {
        _broker.CreateTopic("a", 2);
        await Publish("a", 0, 100);
        using var running = new RunningSource(Options, ["a"], new RecordingSink());
        await running.Until(() => running.Sink.Count == 100);
        var (silent, other) = (new TopicPartition("a", 0), new TopicPartition("a", 1));
        running.Source.Halt(running.Sink.RightOf(silent));

        // The poll thread does this together with the halt, or after it.
        var old = running.Sink.RightOf(other);
        running.Source.Rewind(old, running.Sink.PrepareRewind(other, 0));
        await running.Until(() => running.Sink.Count == 100);
        var (silentAt, otherAt) = (running.Sink.NextOf(silent), running.Sink.NextOf(other));
        await Publish("a", 100, 300);
        await running.Until(() => running.Sink.NextOf(other) > otherAt + 50);
        await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        Assert.Equal(silentAt, running.Sink.NextOf(silent));
    }

    [Fact]
    public async Task A_transfer_of_32_MB_passes_through_a_smaller_budget()
    {
        _broker.CreateTopic("a", 1);
        var huge = new byte[32 << 20];
        Array.Fill(huge, (byte)'x');
        using var running = new RunningSource(Options, ["a"], new RecordingSink(), new ByteBudget(1 << 20));
        await running.Until(() => running.Sink.AssignedCount == 1);
        await _publisher.PublishAsync("a", null, "small"u8.ToArray(), s_none);
        await _publisher.PublishAsync("a", null, huge, s_none);
        await _publisher.PublishAsync("a", null, "after"u8.ToArray(), s_none);
        await running.Until(() => running.Sink.Count == 3);
        Assert.Equal(["small", new string('x', 100), "after"], running.Sink.PayloadsOf(new("a", 0)));
    }

    [Fact]
    public async Task Fifty_thousand_transfers_arrive_once()
    {
        _broker.CreateTopic("a", 4);
        using var running = new RunningSource(Options, ["a"], new RecordingSink());
        await running.Until(() => running.Sink.AssignedCount == 4);
        for (var from = 0; from < 50_000; from += 5_000)
        {
            await Publish("a", from, from + 5_000);
            await running.Until(() => running.Sink.Count >= from);
        }

        await running.Until(() => running.Sink.Count == 50_000);
        Assert.Equal(50_000, Sources("a", 4).SelectMany(running.Sink.PayloadsOf).Distinct().Count());
    }

    private static IEnumerable<TopicPartition> Sources(string topic, int count) => Enumerable.Range(0, count).Select(i => new TopicPartition(topic, i));

    private Task Publish(string topic, int from, int to) => Task.Run(() =>
    {
        for (var i = from; i < to; i++) _publisher.Publish(topic, $"{i}", Encoding.UTF8.GetBytes($"{i}"), s_none);
        var report = _publisher.Flush(s_none);
        Assert.Equal((0, 0), (report.InFlight, report.Failed));
    });
}
