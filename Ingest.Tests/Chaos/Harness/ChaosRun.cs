using System.Globalization;
using Ingest.Core;
using Ingest.Core.Transfers;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Chaos.Harness;

/// <summary>
/// Real workers, brokers and a disk, one of which is hurt every few seconds, while a generator that knows the truth goes on; then an exact comparison. Every step that waits has a bound, so
/// a run ends with the comparison or with what it waited for and how things stood.
/// </summary>
internal sealed class ChaosRun(ChaosSetting setting, ChaosBrokers brokers)
{
    private readonly string _prefix = $"chaos-{IdSource.System.Next():N}"[..14] + ".";

    /// <summary>What is wrong; empty when nothing is.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>Distinct records that were sent and found.</summary>
    public long Records { get; private set; }

    public int Faults { get; private set; }

    private List<string> Topics => [.. Enumerable.Range(0, ChaosSetting.Topics).Select(t => string.Create(CultureInfo.InvariantCulture, $"{_prefix}{t}"))];

    /// <summary>Runs, compares, and says what came of it. Pool and logs are kept when anything is wrong.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var disk = await ChaosDisk.MountAsync(setting.Folder, setting.DiskBytes, cancellation).ConfigureAwait(false);
        setting.Say($"Pool on {disk}; seed {setting.Seed}; logs in {setting.Folder}.");
        var pool = "";
        try
        {
            await RunAsync(disk, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ChaosStuckException or TransferSourceException)
        {
            Problems.Add(e.Message);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            Problems.Add($"The run broke down: {e}");
        }
        finally
        {
            pool = await disk.LeaveAsync(keep: Problems.Count > 0).ConfigureAwait(false);
        }

        foreach (var problem in Problems) setting.Say($"WRONG: {problem}");
        setting.Say(Problems.Count > 0 ? $"{Problems.Count} findings. Logs are in {setting.Folder}. {pool}" : $"{Records:N0} records after {Faults} faults: none lost, none doubled, none wrong; every offset is accounted for, and the index is the table's.");
        if (Problems.Count == 0) Directory.Delete(setting.Folder, recursive: true);
    }

    private async Task RunAsync(ChaosDisk disk, CancellationToken cancellation)
    {
        foreach (var topic in Topics) await brokers.CreateTopicAsync(topic, ChaosSetting.PartitionsPerTopic, cancellation).ConfigureAwait(false);
        var pool = Directory.CreateDirectory(Path.Combine(disk.Folder, "pool")).FullName;
        var contracts = Directory.CreateDirectory(Path.Combine(setting.Folder, "contracts")).FullName;
        await File.WriteAllTextAsync(Path.Combine(contracts, "chaos.yaml"), ChaosTable.Contract(_prefix), cancellation).ConfigureAwait(false);
        using var workers = new ChaosWorkers([.. Arguments(pool, contracts)], setting.Folder, Problems);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var enough = new CancellationTokenSource();
        var generator = new ChaosGenerator(brokers, _prefix, setting);
        var faults = new ChaosFaults(setting, brokers, disk, workers, generator, new ChaosTable(pool), _prefix);
        var sending = Task.Run(() => generator.RunAsync(stop.Token, enough.Token), CancellationToken.None);
        workers.Scale = setting.Workers;
        try
        {
            await faults.RunAsync(sending, cancellation).ConfigureAwait(false);
            if (faults.Figures.Faults < setting.Faults) await enough.CancelAsync().ConfigureAwait(false);
            await sending.WaitAsync(setting.AtMost, cancellation).ConfigureAwait(false);
            await FinishAsync(pool, contracts, workers, generator, faults, cancellation).ConfigureAwait(false);
        }
        finally
        {
            Faults = faults.Figures.Faults;
            foreach (var line in faults.Figures.Lines()) setting.Say(line);
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAny(sending, Task.Delay(TimeSpan.FromSeconds(20), CancellationToken.None)).ConfigureAwait(false);
        }
    }

    private async Task FinishAsync(string pool, string contracts, ChaosWorkers workers, ChaosGenerator generator, ChaosFaults faults, CancellationToken cancellation)
    {
        await faults.UntilThereAsync("the workers to have everything", cancellation).ConfigureAwait(false);

        // A producer that is not idempotent may have sent some twice: what counts is where the topics end.
        var bounds = TopicBounds.Read(brokers.Brokers, new Dictionary<string, string>(brokers.Properties), Topics, cancellation);
        workers.Scale = 0;
        await ChaosShell.UntilAsync("the workers to end", TimeSpan.FromMinutes(1), () =>
        {
            workers.Keep();
            return Task.FromResult(!workers.AnyLeaving);
        }, cancellation).ConfigureAwait(false);
        setting.Say(string.Create(CultureInfo.InvariantCulture, $"{workers.Left.Count} workers were told to end; the slowest took {workers.Left.Longest.TotalSeconds:F1} s."));
        var verdict = await ChaosJudge.FindAsync(pool, contracts, generator.Records, brokers, bounds, cancellation).ConfigureAwait(false);
        Records = generator.Records - verdict.LostByBrokers;
        Problems.AddRange(verdict.Problems);
        if (verdict.LostByBrokers > 0) setting.Say($"{verdict.LostByBrokers} records are in no topic, although the brokers had acknowledged them: those are the brokers' loss, and not counted.");
    }

    private IEnumerable<string> Arguments(string pool, string contracts)
    {
        yield return $"--Ingest:Kafka:BootstrapServers={brokers.Brokers}";
        yield return $"--Ingest:Kafka:GroupId={_prefix}group";
        yield return $"--Ingest:Pool={pool}";
        yield return $"--Ingest:Contracts={contracts}";
        yield return "--Ingest:Memory:Budget=192MiB";
        yield return "--Ingest:Batching:FlushAfter=00:00:01";
        yield return "--Ingest:Batching:FlushBytes=32MiB";
        yield return "--Ingest:Store:RetryDelayMax=00:00:02";
        yield return "--Ingest:Store:AttemptTimeout=00:00:05";
        foreach (var (name, value) in brokers.Properties) yield return $"--Ingest:Kafka:Properties:{name}={value}";
    }
}
