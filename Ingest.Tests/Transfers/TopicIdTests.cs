using System.Collections.Concurrent;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Transfers;

/// <summary>The ids of topics as the client hears them from brokers, at assignment.</summary>
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
        var sink = new RecordingSink
        {
            StartAt = bounds =>
            {
                ids[bounds.Source.Topic] = bounds.TopicId;
                return bounds.Start;
            },
        };
        var options = new KafkaOptions { BootstrapServers = brokers, Properties = EmbeddedBroker.ConsumerProperties };
        using var running = new RunningSource(options, ["a", "b"], sink);
        await running.Until(() => sink.AssignedCount == 3);
        return ids;
    }
}
