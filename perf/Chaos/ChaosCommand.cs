using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Transfers.Kafka;
using Ingest.Perf.Workloads;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Chaos;

/// <summary><c>chaos</c>: real workers, brokers and a disk, one of which is hurt every few seconds, while a generator that knows the truth goes on; then an exact comparison.</summary>
internal static class ChaosCommand
{
    private const string ScriptVariable = "INGEST_PERF_KAFKA_SCRIPT";
    private const int Topics = 3, PartitionsPerTopic = 4;
    private static readonly TimeSpan s_catchUpMax = TimeSpan.FromMinutes(5);

    public static Command Create()
    {
        var faults = new Option<int>("--faults") { Description = "Faults.", DefaultValueFactory = _ => 500 };
        var records = new Option<long>("--records") { Description = "Distinct records.", DefaultValueFactory = _ => 10_000_000 };
        var seconds = new Option<int>("--seconds") { Description = "Time to spread records and faults over. Faults that take longer than their share make it longer.", DefaultValueFactory = _ => 4000 };
        var seed = new Option<int>("--seed") { Description = "Which faults, in which order.", DefaultValueFactory = _ => 1 };
        var script = new Option<string?>("--kafka-script") { Description = $"Script that runs a real Kafka of three brokers (start, topic, kill, restart, freeze, thaw, stop). Default: {ScriptVariable}; else an embedded broker." };
        var work = new Option<string>("--work") { Description = "Folder for the pool and logs.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "ingest-chaos") };
        var command = new Command("chaos", $"Kill, freeze, cut off and fill up what the service consists of, and compare exactly at the end. Client properties of a real Kafka: {KafkaAccess.PropertiesVariable}.") { faults, records, seconds, seed, script, work };
        command.SetAction((parse, cancellation) => RunAsync(
            parse.GetValue(faults), parse.GetValue(records), TimeSpan.FromSeconds(parse.GetValue(seconds)), parse.GetValue(seed),
            parse.GetValue(script) ?? Environment.GetEnvironmentVariable(ScriptVariable), Path.GetFullPath(parse.GetValue(work)!), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(int faults, long records, TimeSpan over, int seed, string? script, string work, CancellationToken cancellation)
    {
        var folder = Directory.CreateDirectory(Path.Combine(work, $"{IdSource.System.Next():N}")).FullName;
        var properties = (Environment.GetEnvironmentVariable(KafkaAccess.PropertiesVariable) ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
        using var brokers = ChaosBrokers.Start(script, properties);
        using var pool = new ChaosPool(folder, "8g");
        if (!pool.IsMounted) Console.WriteLine("No disk may be mounted here: it is neither filled up nor made read-only.");
        var prefix = $"chaos-{IdSource.System.Next():N}."[..16];
        for (var t = 0; t < Topics; t++) brokers.CreateTopic(string.Create(CultureInfo.InvariantCulture, $"{prefix}{t}"), PartitionsPerTopic);
        using var workers = new ChaosWorkers([.. Arguments(brokers, pool, prefix, folder)], folder);
        workers.Scale = 3;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var generator = new ChaosGenerator(brokers, prefix, Topics, records, over);
        var sending = generator.RunAsync(stop.Token);
        try
        {
            var faultsDone = await new ChaosFaults(brokers, pool, workers, generator, seed).RunAsync(faults, over, sending, cancellation).ConfigureAwait(false);
            await sending.ConfigureAwait(false);
            return await FinishAsync(brokers, prefix, pool, workers, generator, faultsDone, folder, cancellation).ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
        }
    }

    private static async Task<int> FinishAsync(ChaosBrokers brokers, string prefix, ChaosPool pool, ChaosWorkers workers, ChaosGenerator generator, ChaosFaults.Log log, string folder, CancellationToken cancellation)
    {
        // A producer that is not idempotent may have sent some twice: what counts is where the topics end.
        var bounds = TopicBounds.Read(brokers.Brokers, new Dictionary<string, string>(brokers.Properties), [.. Enumerable.Range(0, Topics).Select(t => string.Create(CultureInfo.InvariantCulture, $"{prefix}{t}"))]);
        var ends = bounds.Values.Sum(b => b.End);
        var started = Stopwatch.GetTimestamp();
        while (await pool.TransfersAsync(cancellation).ConfigureAwait(false) < ends)
        {
            workers.Keep();
            await Task.Delay(200, cancellation).ConfigureAwait(false);
            if (Stopwatch.GetElapsedTime(started) < s_catchUpMax) continue;
            Console.WriteLine($"The workers have not caught up within {s_catchUpMax}; logs are in {folder}. {workers.Ended.Log}");
            return ExitCodes.Failed;
        }

        workers.Scale = 0;
        await Task.Delay(TimeSpan.FromSeconds(2), cancellation).ConfigureAwait(false);
        log.Print();
        if (workers.Ended.Count > 0) Console.WriteLine($"{workers.Ended.Count} workers ended by themselves; the last one with {workers.Ended.Log}");
        var verdict = await pool.JudgeAsync(generator.Records, cancellation).ConfigureAwait(false);
        Console.WriteLine(verdict is null ? $"{Output.Count(generator.Records)} records: none lost, none doubled, none wrong; every offset is accounted for." : $"WRONG: {verdict}. Logs are in {folder}.");
        if (verdict is null)
        {
            pool.Dispose();
            Directory.Delete(folder, recursive: true);
        }

        return verdict is null ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static IEnumerable<string> Arguments(ChaosBrokers brokers, ChaosPool pool, string prefix, string folder)
    {
        var contracts = Directory.CreateDirectory(Path.Combine(folder, "contracts")).FullName;
        var topics = string.Concat(Enumerable.Range(0, Topics).Select(t => string.Create(CultureInfo.InvariantCulture, $"  - {{ topic: {prefix}{t}, department: d }}\n")));
        File.WriteAllText(Path.Combine(contracts, "chaos.yaml"), $"dataset: {ChaosPool.Dataset}\ntopics:\n{topics}format: json\ntime_zone: Asia/Shanghai\nevent_date: at\ncolumns:\n{ChaosGenerator.Columns}\n");
        yield return $"--Ingest:Kafka:BootstrapServers={brokers.Brokers}";
        yield return "--Ingest:Kafka:GroupId=chaos";
        yield return $"--Ingest:Pool={pool.Folder}";
        yield return $"--Ingest:Contracts={contracts}";
        yield return "--Ingest:Batching:FlushAfter=00:00:01";
        yield return "--Ingest:Store:RetryDelayMax=00:00:03";
        yield return "--Ingest:Health:Port=0";
        foreach (var (name, value) in brokers.Properties) yield return $"--Ingest:Kafka:Properties:{name}={value}";
    }
}
