using System.Globalization;
using Confluent.Kafka;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Chaos.Harness;

/// <summary>
/// Brokers to be hurt: a real Kafka of three driven by a script (start N, topic NAME PARTITIONS REPLICAS, kill N, restart N, freeze N, thaw N, stop); the embedded one, whose
/// brokers can only be cut off; or one that is there already and must be left alone.
/// </summary>
internal sealed class ChaosBrokers : IAsyncDisposable
{
    private const int Count = 3;
    private static readonly TimeSpan s_answerMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_scriptMax = TimeSpan.FromMinutes(2);

    /// <summary>A leader that hangs is deposed when its session with ZooKeeper ends, after 6 s.</summary>
    private static readonly TimeSpan s_frozen = TimeSpan.FromSeconds(7.5);

    /// <summary>As long as the dead broker's session with ZooKeeper, or it may not come back.</summary>
    private static readonly TimeSpan s_dead = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan s_inStepMax = TimeSpan.FromMinutes(3);

    private readonly string? _script;
    private readonly EmbeddedBroker? _embedded;

    private ChaosBrokers(string? script, EmbeddedBroker? embedded, string brokers, IReadOnlyDictionary<string, string> properties)
    {
        _script = script;
        _embedded = embedded;
        Brokers = brokers;
        Properties = properties;
    }

    public string Brokers { get; }

    /// <summary>What clients need.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; }

    /// <summary>After which a worker that hangs has lost its partitions; librdkafka's own is 45 s.</summary>
    public TimeSpan SessionTimeout => TimeSpan.FromMilliseconds(Properties.TryGetValue("session.timeout.ms", out var timeout) ? int.Parse(timeout, CultureInfo.InvariantCulture) : 45_000);

    public bool IsEmbedded => _embedded is not null;

    public bool CanFreeze => _script is not null;

    public bool CanBeHurt => _script is not null || _embedded is not null;

    public static ChaosBrokers Embedded()
    {
        var embedded = new EmbeddedBroker(Count);
        return new ChaosBrokers(null, embedded, embedded.BootstrapServers, EmbeddedBroker.ConsumerProperties);
    }

    public static ChaosBrokers Given(string brokers, IReadOnlyDictionary<string, string> properties) => new(null, null, brokers, properties);

    public static async Task<ChaosBrokers> StartAsync(string script, IReadOnlyDictionary<string, string> properties, CancellationToken cancellation)
    {
        var started = await ChaosShell.RunAsync([script, "start", Text(Count)], s_scriptMax, cancellation).ConfigureAwait(false);
        return new ChaosBrokers(script, null, started.Split('\n')[^1], properties);
    }

    /// <summary>Brokers that are given make topics of four partitions by themselves, when they are asked for one.</summary>
    public async Task CreateTopicAsync(string topic, int partitions, CancellationToken cancellation)
    {
        _embedded?.CreateTopic(topic, partitions);
        if (!CanBeHurt) await ChaosShell.UntilAsync($"the brokers to make topic {topic}", TimeSpan.FromMinutes(1), () => Task.FromResult(HasTopic(topic, partitions)), cancellation).ConfigureAwait(false);
        if (_script is not null) await ChaosShell.RunAsync([_script, "topic", topic, Text(partitions), Text(Count)], s_scriptMax, cancellation).ConfigureAwait(false);
    }

    /// <summary>Takes a broker away for a while. All copies are in step before: else it would be Kafka that loses what it has acknowledged, by its choice of a leader that lags.</summary>
    public async Task HurtAsync(int broker, bool freeze, TimeSpan time, string topics, CancellationToken cancellation)
    {
        if (_script is null)
        {
            _embedded!.SetReachable(broker + 1, reachable: false);
            await Task.Delay(time, cancellation).ConfigureAwait(false);
            _embedded.SetReachable(broker + 1, reachable: true);
            return;
        }

        await ChaosShell.UntilAsync("all replicas of all partitions to be in sync", s_inStepMax, () => Task.FromResult(AreInStep(topics)), cancellation, TimeSpan.FromMilliseconds(300)).ConfigureAwait(false);
        await ChaosShell.RunAsync([_script, freeze ? "freeze" : "kill", Text(broker)], s_scriptMax, cancellation).ConfigureAwait(false);
        await Task.Delay(freeze ? s_frozen : s_dead, cancellation).ConfigureAwait(false);
        if (freeze) await ChaosShell.RunAsync([_script, "thaw", Text(broker)], s_scriptMax, CancellationToken.None).ConfigureAwait(false);
        else await RestartAsync(broker, cancellation).ConfigureAwait(false);
    }

    /// <summary>A broker whose old session with ZooKeeper has not ended yet refuses to start; then it is started again.</summary>
    private async Task RestartAsync(int broker, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            await ChaosShell.TryAsync([_script!, "restart", Text(broker)], s_scriptMax, CancellationToken.None).ConfigureAwait(false);
            try
            {
                await ChaosShell.UntilAsync($"broker {broker} to join the others", TimeSpan.FromSeconds(15), () => Task.FromResult(BrokersSeen() == Count), cancellation, TimeSpan.FromMilliseconds(300)).ConfigureAwait(false);
                return;
            }
            catch (ChaosStuckException) when (attempt < 4)
            {
                // Again.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _embedded?.Dispose();
        if (_script is not null) await ChaosShell.TryAsync([_script, "stop"], s_scriptMax, CancellationToken.None).ConfigureAwait(false);
    }

    private bool AreInStep(string topics)
    {
        var partitions = (Ask(admin => admin.GetMetadata(s_answerMax))?.Topics ?? []).Where(t => t.Topic.StartsWith(topics, StringComparison.Ordinal) || t.Topic == "__consumer_offsets").SelectMany(t => t.Partitions).ToList();
        return partitions.Count > 0 && partitions.All(p => p.InSyncReplicas.Length == p.Replicas.Length && p.Leader >= 0);
    }

    private bool HasTopic(string topic, int partitions) => Ask(admin => admin.GetMetadata(topic, s_answerMax))?.Topics.Any(t => t.Topic == topic && t.Partitions.Count(p => p.Leader >= 0) == partitions) == true;

    private int BrokersSeen() => Ask(admin => admin.GetMetadata(s_answerMax))?.Brokers.Count ?? 0;

    private Metadata? Ask(Func<IAdminClient, Metadata> question)
    {
        var config = new AdminClientConfig { BootstrapServers = Brokers };
        foreach (var (name, value) in Properties.Where(p => p.Key.StartsWith("api.", StringComparison.Ordinal) || p.Key.StartsWith("broker.", StringComparison.Ordinal))) config.Set(name, value);
        try
        {
            using var admin = new AdminClientBuilder(config).SetLogHandler(static (_, _) => { }).SetErrorHandler(static (_, _) => { }).Build();
            return question(admin);
        }
        catch (KafkaException)
        {
            return null;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
