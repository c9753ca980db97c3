using Confluent.Kafka;
using Ingest.Core.Transfers;
using Ingest.Core.Transfers.Kafka;
using Microsoft.Extensions.Time.Testing;
using TopicPartition = Ingest.Core.Transfers.TopicPartition;

namespace Ingest.Tests.Transfers;

/// <summary>Brokers are asked where partitions end in which nothing comes: sparingly, and each for what it knows.</summary>
public sealed class BrokerWatchTests : IDisposable
{
    private const short ListOffsets = 2;

    private static readonly KafkaOptions s_options = new();

    private readonly EmbeddedBroker _broker = new(brokers: 2);
    private readonly FakeTimeProvider _time = new();
    private readonly IConsumer<Ignore, Ignore> _client;
    private readonly Intake _intake;

    public BrokerWatchTests()
    {
        var config = new Dictionary<string, string> { ["bootstrap.servers"] = _broker.BootstrapServers, ["group.id"] = "watch" };
        _client = new ConsumerBuilder<Ignore, Ignore>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        _intake = new Intake(new RecordingSink(), new ByteBudget(1 << 20), s_options, _time);
    }

    public void Dispose()
    {
        _intake.Dispose();
        _client.Dispose();
        _broker.Dispose();
    }

    [Fact]
    public async Task A_hundred_quiet_partitions_cost_a_request_to_each_broker()
    {
        var sources = Read(partitions: 100);
        using var watch = new BrokerWatch(_client, _intake, s_options, _time);
        Look(watch);
        _broker.RememberRequests();
        Look(watch);
        await Until(() => sources.All(s => watch.EndOf(s) == 0));
        Assert.Equal(2, _broker.Requests(ListOffsets));

        // And what moves is not asked for: its end is told by what is fetched.
        foreach (var partition in _intake.Partitions) partition.AskedAt = -1;
        Look(watch);
        Assert.Equal(2, _broker.Requests(ListOffsets));
    }

    [Fact]
    public async Task A_broker_that_hangs_does_not_hide_what_the_other_knows()
    {
        var sources = Read(partitions: 4);
        using var watch = new BrokerWatch(_client, _intake, s_options, _time);
        _broker.SetDelay(2, TimeSpan.FromMinutes(10));
        Look(watch);
        Look(watch);
        await Until(() => sources.Where(s => s.Partition % 2 == 0).All(s => watch.EndOf(s) == 0));
        Assert.All(sources.Where(s => s.Partition % 2 == 1), s => Assert.Null(watch.EndOf(s)));
    }

    private void Look(BrokerWatch watch)
    {
        _time.Advance(s_options.AskInterval);
        Assert.Empty(watch.Tick(version: 0));
    }

    /// <summary>Partitions that are read and in which nothing comes; those with odd numbers are the second broker's.</summary>
    private List<TopicPartition> Read(int partitions)
    {
        _broker.CreateTopic("a", partitions);
        var sources = Enumerable.Range(0, partitions).Select(p => new TopicPartition("a", p)).ToList();
        foreach (var source in sources)
        {
            _broker.SetLeader("a", source.Partition, 1 + (source.Partition % 2));
            _intake.Start(new CommitRight(source, 0));
        }

        return sources;
    }

    private static async Task Until(Func<bool> condition)
    {
        for (var i = 0; i < 6_000 && !condition(); i++) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        Assert.True(condition());
    }
}
