using System.Diagnostics;
using System.Globalization;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Perf.Chaos;

/// <summary>
/// Three brokers to be hurt: a real Kafka driven by a script (start N, topic NAME PARTITIONS REPLICAS, kill N, restart N, freeze N, thaw N, stop), or the embedded one, whose
/// brokers can only be cut off.
/// </summary>
internal sealed class ChaosBrokers : IDisposable
{
    private const int Count = 3;

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

    /// <summary>What consumers need.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; }

    public bool IsEmbedded => _embedded is not null;

    public static ChaosBrokers Start(string? script, IReadOnlyDictionary<string, string> properties)
    {
        if (script is null)
        {
            var embedded = new EmbeddedBroker(Count);
            return new ChaosBrokers(null, embedded, embedded.BootstrapServers, EmbeddedBroker.ConsumerProperties);
        }

        var started = Run(script, "start", Text(Count)).TrimEnd().Split('\n')[^1];
        return new ChaosBrokers(script, null, started, properties);
    }

    public void CreateTopic(string topic, int partitions)
    {
        if (_embedded is not null) _embedded.CreateTopic(topic, partitions);
        else Run(_script!, "topic", topic, Text(partitions), Text(Count));
    }

    /// <summary>Takes a broker away for a while.</summary>
    public async Task HurtAsync(int broker, bool freeze, TimeSpan time, CancellationToken cancellation)
    {
        if (_embedded is not null) _embedded.SetReachable(broker + 1, reachable: false);
        else Run(_script!, freeze ? "freeze" : "kill", Text(broker));
        await Task.Delay(time, cancellation).ConfigureAwait(false);
        if (_embedded is not null) _embedded.SetReachable(broker + 1, reachable: true);
        else Run(_script!, freeze ? "thaw" : "restart", Text(broker));
    }

    public void Dispose()
    {
        _embedded?.Dispose();
        if (_script is not null) Run(_script, "stop");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Run(string script, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(script, arguments) { RedirectStandardOutput = true }) ?? throw new InvalidOperationException($"{script} does not start.");
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{script} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
