using System.CommandLine;
using Ingest.Core;
using Ingest.Perf.Workloads;
using Ingest.Tests.Chaos.Harness;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Chaos;

/// <summary><c>chaos</c>: real workers, brokers and a disk, one of which is hurt every few seconds, while a generator that knows the truth goes on; then an exact comparison.</summary>
internal static class ChaosCommand
{
    private const string ScriptVariable = "INGEST_PERF_KAFKA_SCRIPT";

    public static Command Create()
    {
        var faults = new Option<int>("--faults") { Description = "Faults.", DefaultValueFactory = _ => 500 };
        var records = new Option<long>("--records") { Description = "Distinct records.", DefaultValueFactory = _ => 10_000_000 };
        var seconds = new Option<int>("--seconds") { Description = "Time to spread records and faults over. Faults that take longer than their share make it longer.", DefaultValueFactory = _ => 4000 };
        var most = new Option<int>("--at-most") { Description = "Seconds after which no fault is begun and no record sent: what was reached is judged.", DefaultValueFactory = _ => 43_200 };
        var seed = new Option<int>("--seed") { Description = "Which faults, in which order.", DefaultValueFactory = _ => 1 };
        var kinds = new Option<string[]>("--kind") { Description = "Only faults of this kind; may be given again. Default: all that can be had here." };
        var script = new Option<string?>("--kafka-script") { Description = $"Script that runs a real Kafka of three brokers (start, topic, kill, restart, freeze, thaw, stop). Default: {ScriptVariable}; else an embedded broker." };
        var work = new Option<string>("--work") { Description = "Folder for the pool and logs.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "ingest-chaos") };
        var command = new Command("chaos", $"Kill, freeze, cut off and fill up what the service consists of, and compare exactly at the end. Client properties of a real Kafka: {KafkaAccess.PropertiesVariable}.") { faults, records, seconds, most, seed, kinds, script, work };
        command.SetAction((parse, cancellation) => RunAsync(
            new ChaosSetting
            {
                Faults = parse.GetValue(faults),
                Records = parse.GetValue(records),
                Over = TimeSpan.FromSeconds(parse.GetValue(seconds)),
                AtMost = TimeSpan.FromSeconds(parse.GetValue(most)),
                Kinds = parse.GetValue(kinds) ?? [],
                Seed = parse.GetValue(seed),
                Folder = Directory.CreateDirectory(Path.Combine(Path.GetFullPath(parse.GetValue(work)!), $"{IdSource.System.Next():N}")).FullName,
                Say = Console.WriteLine,
            },
            parse.GetValue(script) ?? Environment.GetEnvironmentVariable(ScriptVariable), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ChaosSetting setting, string? script, CancellationToken cancellation)
    {
        var properties = (Environment.GetEnvironmentVariable(KafkaAccess.PropertiesVariable) ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
        await using var brokers = script is null ? ChaosBrokers.Embedded() : await ChaosBrokers.StartAsync(script, properties, cancellation).ConfigureAwait(false);
        var run = new ChaosRun(setting with { Zombie = brokers.SessionTimeout + TimeSpan.FromSeconds(2) }, brokers);
        await run.RunAsync(cancellation).ConfigureAwait(false);
        return run.Problems.Count == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
