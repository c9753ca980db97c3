using System.Text;
using Ingest.Core.Transfers;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Transfers;

/// <summary>What the source makes of partitions that it gets and cannot read, and of what it cannot know from reading.</summary>
public sealed class KafkaAssignmentTests : IDisposable
{
    private const short FindCoordinator = 10;
    private const int GroupAuthorizationFailed = 30;

    private static readonly CancellationToken s_none = CancellationToken.None;
    private static readonly TopicPartition s_first = new("a", 0), s_second = new("a", 1);
    private readonly EmbeddedBroker _broker = new();
    private readonly TransferPublisher _publisher;

    public KafkaAssignmentTests()
    {
        _publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = _broker.BootstrapServers });
        _broker.CreateTopic("a", 2);
    }

    private KafkaOptions Options => new()
    {
        BootstrapServers = _broker.BootstrapServers,
        Properties = EmbeddedBroker.ConsumerProperties,
        PauseAfter = TimeSpan.FromMilliseconds(20),
        BoundsTimeout = TimeSpan.FromSeconds(1),
        AskInterval = TimeSpan.FromMilliseconds(50),
    };

    public void Dispose()
    {
        _publisher.Dispose();
        _broker.Dispose();
    }

    /// <summary>It held up all others, of this worker and then of the next one that got them.</summary>
    [Fact]
    public async Task A_partition_without_a_leader_waits_for_one_and_the_others_are_read()
    {
        await Publish(0, 500);
        _broker.SetLeader("a", 1, null);
        using var running = new RunningSource(Options, ["a"], new RecordingSink());
        await running.Until(() => running.Sink.EndOf(s_first) > 0);
        Assert.Equal([s_second], running.Source.Unanswered);
        Assert.False(running.Sink.HoldsRight(s_second));

        _broker.SetLeader("a", 1, 1);
        await running.Until(() => running.Sink.Count == 500);
        Assert.Empty(running.Source.Unanswered);
        await Publish(500, 600);
        await running.Until(() => running.Sink.Count == 600);
    }

    [Fact]
    public async Task A_partition_that_is_left_halted_is_told_when_it_goes()
    {
        var sink = new RecordingSink { Halts = s => s == s_second };
        using var running = new RunningSource(Options, ["a"], sink);
        await running.Until(() => sink.AssignedCount == 1);
        running.Stop();
        Assert.Contains("revoked 2", sink.Events);
    }

    /// <summary>The client learns where a partition ends from what it fetches; nothing else would tell that a partition which it does not fetch has anything to be read.</summary>
    [Fact]
    public async Task The_end_of_a_partition_is_known_also_when_nobody_fetches_it()
    {
        await Publish(0, 100);
        using var running = new RunningSource(Options, ["a"], new RecordingSink());
        await running.Until(() => running.Sink.Count == 100);
        ForgetfulClient.Forget(running.Source);
        await Publish(100, 200);
        await running.Until(() => Sum(running.Source.EndOf) == 200);
        Assert.Equal(100, Sum(s => running.Sink.NextOf(s)));

        ForgetfulClient.Remember(running.Source);
        await running.Until(() => running.Sink.Count == 200);
    }

    [Fact]
    public async Task A_group_that_we_may_not_use_ends_the_run_and_says_so()
    {
        _broker.FailNext(FindCoordinator, [.. Enumerable.Repeat(GroupAuthorizationFailed, 1_000)]);
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var source = new KafkaTransferSource(Options, ["a"], new ByteBudget(1 << 20), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var thrown = await Record.ExceptionAsync(() => source.RunAsync(new RecordingSink(), stop.Token));
        Assert.Contains("We may not use the consumer group", Assert.IsType<TransferSourceException>(thrown).Message, StringComparison.Ordinal);
    }

    private static long? Sum(Func<TopicPartition, long?> of) => of(s_first) + of(s_second);

    private Task Publish(int from, int to) => Task.Run(() =>
    {
        for (var i = from; i < to; i++) _publisher.Publish("a", $"{i}", Encoding.UTF8.GetBytes($"{i}"), s_none);
        var report = _publisher.Flush(s_none);
        Assert.Equal((0, 0), (report.InFlight, report.Failed));
    });
}
