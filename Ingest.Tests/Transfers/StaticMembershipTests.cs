using System.Globalization;
using System.Text;
using Ingest.Core.Transfers;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Transfers;

/// <summary>A worker with a <c>group.instance.id</c> that restarts is not missed. By Kafka 4's group protocol, in which the embedded broker keeps static members; in the older one it does not.</summary>
public sealed class StaticMembershipTests : IDisposable
{
    private readonly EmbeddedBroker _broker = new();
    private readonly TransferPublisher _publisher;

    public StaticMembershipTests()
    {
        _broker.CreateTopic("a", 4);
        _publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = _broker.BootstrapServers });
    }

    public void Dispose()
    {
        _publisher.Dispose();
        _broker.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_worker_that_restarts_in_time_moves_partitions_only_when_it_has_no_name(bool isNamed)
    {
        Publish(0, 100);
        using var stays = new RunningSource(Options(isNamed ? "worker-0" : null), ["a"], new RecordingSink());
        var leaves = new RunningSource(Options(isNamed ? "worker-1" : null), ["a"], new RecordingSink());
        await stays.Until(() => stays.Sink.AssignedCount == 2 && leaves.Sink.AssignedCount == 2 && stays.Sink.Count + leaves.Sink.Count >= 100);
        var before = stays.Sink.Events;
        leaves.Dispose();
        if (!isNamed) await stays.Until(() => stays.Sink.AssignedCount == 4);

        Publish(100, 200);
        using var again = new RunningSource(Options(isNamed ? "worker-1" : null), ["a"], new RecordingSink { StartAt = b => Math.Max(leaves.Sink.NextOf(b.Source), stays.Sink.NextOf(b.Source)) });
        await again.Until(() => again.Sink.AssignedCount == 2 && Sources.Sum(s => Math.Max(stays.Sink.NextOf(s), again.Sink.NextOf(s))) >= 200);
        if (isNamed) Assert.Equal(before, stays.Sink.Events);
        else Assert.NotEqual(before, stays.Sink.Events);
        Assert.Equal(Enumerable.Range(0, 200), Sources.SelectMany(s => stays.Sink.PayloadsOf(s).Concat(leaves.Sink.PayloadsOf(s)).Concat(again.Sink.PayloadsOf(s))).Select(int.Parse).Distinct().Order());
    }

    private static IEnumerable<TopicPartition> Sources => Enumerable.Range(0, 4).Select(p => new TopicPartition("a", p));

    private KafkaOptions Options(string? name)
    {
        var properties = new Dictionary<string, string> { ["group.protocol"] = "consumer" };
        if (name is not null) properties["group.instance.id"] = name;
        return new KafkaOptions { BootstrapServers = _broker.BootstrapServers, Properties = properties };
    }

    private void Publish(int from, int to)
    {
        for (var i = from; i < to; i++) _publisher.Publish("a", i.ToString(CultureInfo.InvariantCulture), Encoding.UTF8.GetBytes($"{i}"), CancellationToken.None);
        Assert.Equal(0, _publisher.Flush(CancellationToken.None).Failed);
    }
}
