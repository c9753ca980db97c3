using Confluent.Kafka;
using Ingest.Core.Transfers.Kafka;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Transfers;

/// <summary>A broker that does not answer is a line now and then, not twenty a second.</summary>
public sealed class TroubleLogTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RecordingLogger _log = new();
    private readonly TroubleLog _troubles;

    /// <summary>After kill -9 the group waits for the dead member: a worker without partitions says so instead of nothing.</summary>
    [Fact]
    public async Task A_source_without_partitions_says_that_it_waits()
    {
        var options = new KafkaOptions { BootstrapServers = "127.0.0.1:1", Properties = new Dictionary<string, string> { ["session.timeout.ms"] = "6000" } };
        using var source = new KafkaTransferSource(options, ["t"], new Core.Transfers.ByteBudget(64 << 20), _time, _log);
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var running = source.RunAsync(new RecordingSink(), stop.Token);
        while (!Told())
        {
            Assert.False(running.IsCompleted, string.Join('\n', _log.Lines));
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(running, Task.Delay(20, CancellationToken.None));
        }

        Assert.Single(_log.Lines, "2016 Waiting for the group: no partition is assigned yet. A member that was killed is missed only after its session timeout (6000 ms).");
        await stop.CancelAsync();
        await running;

        bool Told() => _log.Lines.Any(l => l.StartsWith("2016 ", StringComparison.Ordinal));
    }

    public TroubleLogTests() => _troubles = new TroubleLog(_time, _log);

    [Fact]
    public void Equal_troubles_are_told_every_half_minute_with_their_number()
    {
        for (var i = 0; i < 601; i++)
        {
            _troubles.Tell(new Error(ErrorCode.Local_Transport, $"localhost:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after {i}ms in state CONNECT)"));
            _time.Advance(TimeSpan.FromMilliseconds(50));
        }

        Assert.Equal(2, _log.Lines.Count);
        Assert.StartsWith("2006 Kafka: localhost:1/bootstrap: Connect", _log.Lines[0], StringComparison.Ordinal);
        Assert.EndsWith("(Local_Transport), and 599 more like it since the last line. The client goes on trying.", _log.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Another_broker_or_another_code_is_told_at_once()
    {
        _troubles.Tell(new Error(ErrorCode.Local_Transport, "a:9092/1: Disconnected"));
        _troubles.Tell(new Error(ErrorCode.Local_Transport, "b:9092/2: Disconnected"));
        _troubles.Tell(new Error(ErrorCode.Local_Resolve, "a:9092/1: Failed to resolve"));
        _troubles.Tell(new Error(ErrorCode.Local_AllBrokersDown, "2/2 brokers are down"));
        Assert.Equal(4, _log.Lines.Count);
    }
}
