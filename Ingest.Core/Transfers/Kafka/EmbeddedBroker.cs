using System.Runtime.InteropServices;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// A small Kafka in this process: librdkafka's mock cluster, which listens on loopback and serves any client of any process. For the demo
/// and for tests: it keeps nothing on disk, and of each partition only about the last 5 MB, so publish no faster than is read.
/// </summary>
public sealed class EmbeddedBroker : IDisposable
{
    /// <summary>
    /// Consumer properties to use with it: each of its rebalances lasts as long as the session timeout less a second, whoever has joined already.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, string> ConsumerProperties = new Dictionary<string, string>
    {
        ["session.timeout.ms"] = "3000",
        ["heartbeat.interval.ms"] = "300",
    };

    private const int Producer = 0;
    private nint _client;
    private nint _cluster;

    /// <param name="brokers">Number of brokers, 1 to 10; each listens on a port of its own.</param>
    /// <exception cref="InvalidOperationException">librdkafka cannot start it.</exception>
    public unsafe EmbeddedBroker(int brokers = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(brokers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(brokers, 10);
        const int ErrorSize = 512;
        var error = stackalloc byte[ErrorSize];
        var config = MockCluster.ConfigNew();
        _ = MockCluster.ConfigSet(config, "log_level", "0", error, ErrorSize);
        _client = MockCluster.ClientNew(Producer, config, error, ErrorSize);
        if (_client == 0) throw new InvalidOperationException($"The embedded broker cannot start: {Marshal.PtrToStringUTF8((nint)error)}");
        _cluster = MockCluster.New(_client, brokers);
        if (_cluster == 0)
        {
            MockCluster.ClientDestroy(_client);
            throw new InvalidOperationException("The embedded broker cannot start: no port on loopback.");
        }

        // Kafka's own 3 s would only make tests and the demo wait.
        MockCluster.GroupInitialRebalanceDelay(_cluster, 100);
        MockCluster.GroupHeartbeatInterval(_cluster, 200);
        BootstrapServers = Marshal.PtrToStringUTF8(MockCluster.Bootstraps(_cluster))!;
    }

    /// <summary>What clients connect to.</summary>
    public string BootstrapServers { get; }

    /// <exception cref="InvalidOperationException">The topic exists already.</exception>
    public void CreateTopic(string topic, int partitions)
    {
        var error = MockCluster.TopicCreate(Cluster, topic, partitions, 1);
        if (error != 0) throw new InvalidOperationException($"The embedded broker does not create {topic}: error {error}.");
    }

    /// <summary>Deletes a topic with all it holds. Another may be created under its name.</summary>
    /// <exception cref="InvalidOperationException">There is no such topic.</exception>
    public void DeleteTopic(string topic)
    {
        var error = MockCluster.TopicDelete(Cluster, topic);
        if (error != 0) throw new InvalidOperationException($"The embedded broker does not delete {topic}: error {error}.");
    }

    /// <summary>The next requests of a kind fail, each with one of the errors.</summary>
    /// <param name="apiKey">Kafka's number of the request: 0 produce, 1 fetch, 2 list offsets, 8 offset commit, 10 find coordinator.</param>
    /// <param name="errors">Kafka's error codes; -195 cuts the connection.</param>
    public unsafe void FailNext(short apiKey, params int[] errors)
    {
        fixed (int* first = errors) MockCluster.PushErrors(Cluster, apiKey, (nuint)errors.Length, first);
    }

    /// <summary>Begins to remember requests, for <see cref="Requests"/>.</summary>
    public void RememberRequests() => MockCluster.StartRequestTracking(Cluster);

    /// <summary>How many requests of a kind came since they are remembered.</summary>
    public unsafe int Requests(short apiKey)
    {
        var requests = MockCluster.GetRequests(Cluster, out var count);
        var found = 0;
        for (nuint i = 0; i < count; i++) found += MockCluster.RequestApiKey(requests[i]) == apiKey ? 1 : 0;
        if (count > 0) MockCluster.RequestsDestroy(requests, count);
        return found;
    }

    /// <summary>Which broker (1-based) leads a partition; null for none, as when all that have it are down.</summary>
    public void SetLeader(string topic, int partition, int? broker)
    {
        var error = MockCluster.SetLeader(Cluster, topic, partition, broker ?? -1);
        if (error != 0) throw new InvalidOperationException($"The embedded broker does not set the leader of {topic}/{partition}: error {error}.");
    }

    /// <summary>Deletes what lies before an offset, as retention does.</summary>
    public void DeleteRecords(string topic, int partition, long before)
    {
        var error = MockCluster.DeleteRecords(Cluster, topic, partition, before);
        if (error != 0) throw new InvalidOperationException($"The embedded broker does not delete before {before}: error {error}.");
    }

    /// <summary>Cuts off a broker (1-based), or brings it back.</summary>
    public void SetReachable(int broker, bool reachable) =>
        _ = reachable ? MockCluster.BrokerUp(Cluster, broker) : MockCluster.BrokerDown(Cluster, broker);

    /// <summary>How long a broker (1-based) takes to answer: long enough, and it hangs.</summary>
    public void SetDelay(int broker, TimeSpan delay) => _ = MockCluster.BrokerDelay(Cluster, broker, (int)delay.TotalMilliseconds);

    public void Dispose()
    {
        if (_cluster == 0) return;
        MockCluster.Destroy(_cluster);
        MockCluster.ClientDestroy(_client);
        _cluster = _client = 0;
    }

    private nint Cluster => _cluster != 0 ? _cluster : throw new ObjectDisposedException(nameof(EmbeddedBroker));
}
