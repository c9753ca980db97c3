using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Confluent.Kafka;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Transfers;

/// <summary>The ids of topics as the client hears them from brokers, at assignment and while it reads.</summary>
public sealed class TopicIdTests : IDisposable
{
    private readonly EmbeddedBroker _broker = new();
    private readonly ControllerProxy _proxy;

    public TopicIdTests() => _proxy = new ControllerProxy(_broker);

    public void Dispose()
    {
        _proxy.Dispose();
        _broker.Dispose();
    }

    [Fact]
    public async Task Each_topic_has_an_id_for_life_and_another_of_its_name_has_another()
    {
        _broker.CreateTopic("a", 2);
        _broker.CreateTopic("b", 1);
        var first = await AskAsync(_proxy.Address);
        Assert.True(_proxy.Patched > 0);
        Assert.All(first.Values, id => Assert.Equal(22, id?.Length)); // 16 bytes in base64, as Kafka's own tools print them
        Assert.NotEqual(first["a"], first["b"]);

        _broker.DeleteTopic("a");
        _broker.CreateTopic("a", 2);
        var then = await AskAsync(_proxy.Address);
        Assert.NotEqual(first["a"], then["a"]);
        Assert.Equal(first["b"], then["b"]);
    }

    /// <summary>The new one is longer than what was read of the old one: a client goes on in the middle of it. It says so in a line of its log, before it does.</summary>
    [Fact]
    public async Task Of_a_topic_that_is_created_anew_and_filled_while_it_is_read_nothing_is_taken()
    {
        // Polling waits meanwhile, and goes on with the first message of the new one, which would be handed on at once.
        var taken = await ReplaceAsync(_proxy, new KafkaOptions { AskInterval = TimeSpan.FromMinutes(10), PollTimeout = TimeSpan.FromSeconds(3), ChunkLinger = TimeSpan.Zero });
        Assert.Equal(100, taken);
    }

    /// <summary>Brokers before 3.1 serve the new one under the old one's name, and the client hears of it at some later time, or never.</summary>
    [Fact]
    public async Task One_that_the_client_goes_on_with_is_read_no_more_once_brokers_were_asked()
    {
        using var proxy = new ControllerProxy(_broker, knowsIdsInFetches: false);
        var deaf = new Dictionary<string, string> { ["topic.metadata.refresh.interval.ms"] = "-1" };
        Assert.True(await ReplaceAsync(proxy, new KafkaOptions { AskInterval = TimeSpan.FromMilliseconds(50), Properties = deaf }) >= 100);
    }

    [Theory]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAB", true)]
    [InlineData("2FGDrVUzT7uw4qwGFkdnew", true)]
    public void That_a_topic_has_an_id_at_all_is_no_news(string before, bool isNews)
    {
        var news = new TopicNews();
        news.Hear(new LogMessage("client", SyslogLevel.Debug, "METADATA", $"[thrd:main]: Topic a.b changed id from {before} to NrLq8wffSmi58pf87iuCkw"));
        Assert.Equal(isNews, news.IsNew);
        Assert.Equal(isNews ? "NrLq8wffSmi58pf87iuCkw" : null, news.Take().GetValueOrDefault("a.b"));
        Assert.False(news.IsNew);
    }

    /// <summary>Reads a topic, and replaces it by another one. How many transfers were taken until that was noticed.</summary>
    private async Task<int> ReplaceAsync(ControllerProxy proxy, KafkaOptions with)
    {
        _broker.CreateTopic("a", 1);
        _broker.CreateTopic("b", 1);
        using var publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = _broker.BootstrapServers });
        await Publish(publisher, "a", 100);
        var ids = new ConcurrentDictionary<string, string?>();
        var sink = Noting(ids);
        var options = with with { BootstrapServers = proxy.Address, Properties = EmbeddedBroker.ConsumerProperties.Concat(with.Properties).ToDictionary() };
        using var running = new RunningSource(options, ["a", "b"], sink);
        await running.Until(() => sink.Count == 100);

        _broker.DeleteTopic("a");
        _broker.CreateTopic("a", 1);
        await Publish(publisher, "a", 500);
        await running.Until(() => sink.Fault is not null);
        Assert.Matches($"^a/0: the topic with id {Regex.Escape(ids["a"]!)} was deleted while it was read, and another one of its name, with id .{{22}}, created[.]$", sink.Fault);
        var taken = sink.Count;

        await Publish(publisher, "b", 50);
        await running.Until(() => sink.NextOf(new("b", 0)) == 50);
        Assert.Equal(taken + 50, sink.Count);
        return taken;
    }

    [Fact]
    public async Task Brokers_that_cannot_be_asked_are_read_without()
    {
        _broker.CreateTopic("a", 2);
        _broker.CreateTopic("b", 1);
        Assert.All((await AskAsync(_broker.BootstrapServers)).Values, Assert.Null);
    }

    /// <summary>Topics and their ids, by a worker that has just got them.</summary>
    private static async Task<ConcurrentDictionary<string, string?>> AskAsync(string brokers)
    {
        var ids = new ConcurrentDictionary<string, string?>();
        var sink = Noting(ids);
        var options = new KafkaOptions { BootstrapServers = brokers, Properties = EmbeddedBroker.ConsumerProperties };
        using var running = new RunningSource(options, ["a", "b"], sink);
        await running.Until(() => sink.AssignedCount == 3);
        return ids;
    }

    private static RecordingSink Noting(ConcurrentDictionary<string, string?> ids) => new()
    {
        StartAt = bounds =>
        {
            ids[bounds.Source.Topic] = bounds.TopicId;
            return bounds.Start;
        },
    };

    private static Task Publish(TransferPublisher publisher, string topic, int count) => Task.Run(() =>
    {
        for (var i = 0; i < count; i++) publisher.Publish(topic, null, "x"u8.ToArray(), CancellationToken.None);
        Assert.Equal(0, publisher.Flush(CancellationToken.None).Failed);
    });
}
