using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Transfers.Kafka;
using Ingest.Tests.Transfers;
using Ingest.Worker.Health;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.EndToEnd;

/// <summary>A partition that has transfers and is not read, with the real client on a broker: the worker must say so, whatever else looks well.</summary>
public sealed class UnreadTests
{
    /// <summary>All that was there is committed before the client begins to forget: it never hears that there is more.</summary>
    [Fact]
    public async Task Transfers_that_the_client_does_not_fetch_make_the_worker_not_ready_until_it_does()
    {
        var time = new FakeTimeProvider();
        var log = new RecordingLogger();
        using var city = new City { Time = time, Logger = log, Housekeeping = new() { Enabled = false }, Kafka = options => options with { AskInterval = TimeSpan.FromMilliseconds(50) } };
        KafkaTransferSource? client = null;
        city.WrapSource = source => client = (KafkaTransferSource)source;
        using var stop = new CancellationTokenSource();
        using var worker = city.NewWorker();
        var running = worker.RunAsync(stop.Token);
        var sent = 0;
        Send(10);
        await UntilAsync(s => s.CommittedRows == 10 && s.LagByDepartment.Values.Sum() == 0);
        Assert.Empty(Problems(worker.Engine.Status));

        ForgetfulClient.Forget(client!);
        Send(5);
        await UntilAsync(s => s.Unread.Count > 0);
        Assert.Equal(10, worker.Engine.Status.CommittedRows);
        Assert.Contains(Problems(worker.Engine.Status), p => p.StartsWith($"Not read: {City.Topic}/", StringComparison.Ordinal));
        Assert.Contains(log.Lines, l => l.StartsWith("1020 Not read: ", StringComparison.Ordinal));

        ForgetfulClient.Remember(client!);
        await UntilAsync(s => s.CommittedRows == sent && s.Unread.Count == 0);
        Assert.Empty(Problems(worker.Engine.Status));
        await stop.CancelAsync();
        await UntilAsync(_ => running.IsCompleted);
        await running;
        Assert.Equal(sent, await city.CountAsync());
        await city.AssertAccountedAsync();

        void Send(int count)
        {
            for (var i = 0; i < count; i++) city.Publish($$"""{"id":"A{{sent++}}","paid_on":"2026-03-02"}""");
            city.Delivered();
        }

        async Task UntilAsync(Func<EngineStatus, bool> condition)
        {
            for (var i = 0; i < 6_000 && !condition(worker.Engine.Status); i++)
            {
                time.Advance(TimeSpan.FromMilliseconds(500));
                await Task.WhenAny(running, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System));
                if (running.IsFaulted) await running;
            }

            Assert.True(condition(worker.Engine.Status), $"{worker.Engine.Status}\n{string.Join('\n', log.Lines)}");
        }
    }

    /// <summary>It has never been read, so that there is no offset that it could stand at.</summary>
    [Fact]
    public async Task A_partition_without_a_leader_is_told_and_does_not_count_as_caught_up()
    {
        using var city = new City { Kafka = options => options with { BoundsTimeout = TimeSpan.FromSeconds(1) } };
        for (var i = 0; i < 50; i++) city.Publish($$"""{"id":"A{{i}}","paid_on":"2026-03-02"}""", key: $"{i}");
        city.Delivered();
        city.Broker.SetLeader(City.Topic, 1, null);
        using var worker = city.NewWorker(untilCaughtUp: true);
        var running = worker.RunAsync(CancellationToken.None);
        await worker.UntilAsync(s => s is { AssignedPartitions: 1, CommittedRows: > 0, Unread.Count: 1 }, running);
        Assert.Equal([$"Not read: {City.Topic}/1 waits for a broker that says what it holds of it: the partition has no leader. The others are read."], Problems(worker.Engine.Status));
        Assert.False(worker.Engine.Status.IsCaughtUp);

        city.Broker.SetLeader(City.Topic, 1, 1);
        await running;
        Assert.Equal(50, await city.CountAsync());
        await city.AssertAccountedAsync();
    }

    private static List<string> Problems(EngineStatus status) => Readiness.Problems(status, null, TimeSpan.FromSeconds(30));
}
