using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Ingest.Core;
using Ingest.Tests.Simulation.Harness;

namespace Ingest.Perf.Simulate;

/// <summary><c>simulate</c>: groups of workers in simulated trouble, from seeds, judged row by row.</summary>
internal static class SimulateCommand
{
    public static Command Create()
    {
        var seeds = new Option<int>("--seeds") { Description = "How many seeds.", DefaultValueFactory = _ => 2000 };
        var from = new Option<int>("--from") { Description = "The first seed.", DefaultValueFactory = _ => 1 };
        var seconds = new Option<int>("--seconds") { Description = "End after so many seconds, however many seeds are left.", DefaultValueFactory = _ => int.MaxValue };
        var threads = new Option<int>("--threads") { Description = "Worlds at the same time.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var seed = new Option<int?>("--seed") { Description = "Run this one seed." };
        var trace = new Option<bool>("--trace") { Description = "With --seed: print what happens." };
        var mutants = new Option<bool>("--mutants") { Description = "Switch on one deliberate bug after the other and count the seeds until it is found (build configuration Mutations)." };
        var bug = new Option<string?>("--bug") { Description = "With --mutants or --seed: this deliberate bug only; with --mutants also several, with commas." };
        var write = new Option<string?>("--write") { Description = "With --mutants: the document to write the table into, between its marks." };
        var crashes = new Option<int?>("--crashes") { Description = "Crash at every request to the store; 2: and at every one of the recovery; 3 or 4: so many crashes one after the other, --seeds times by chance." };
        var stride = new Option<int>("--stride") { Description = "With --crashes 1 or 2: every so-manieth only.", DefaultValueFactory = _ => 1 };
        var seals = new Option<bool>("--seals") { Description = "With --crashes 1 or 2: of a worker that merges and seals as well." };
        var command = new Command("simulate", "Run simulated histories of whole worker groups in trouble, and compare every row.") { seeds, from, seconds, threads, seed, trace, mutants, bug, write, crashes, stride, seals };
        command.SetAction(parse => parse.GetValue(seed) is { } one ? Replay(one, parse.GetValue(trace), parse.GetValue(bug))
            : parse.GetValue(mutants) ? MutantsTable.Run(parse.GetValue(from), parse.GetValue(seeds), parse.GetValue(threads), parse.GetValue(bug), parse.GetValue(write))
            : parse.GetValue(crashes) is { } depth ? Crash(depth, parse.GetValue(stride), parse.GetValue(seals), parse.GetValue(seeds), parse.GetValue(seconds))
            : Run(parse.GetValue(from), parse.GetValue(seeds), parse.GetValue(threads), parse.GetValue(seconds)));
        return command;
    }

    private static int Crash(int depth, int stride, bool seals, int samples, int seconds)
    {
        var folder = SeedRun.WorkFolder();
        var (histories, failures) = depth <= 2
            ? CrashHistory.RunAll(depth, stride, folder, TimeSpan.FromSeconds(seconds), seals)
            : CrashHistory.Sample(depth, samples, folder, TimeSpan.FromSeconds(seconds));
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{histories:N0} histories with {depth} crashes one after the other{(depth > 2 ? ", drawn by chance" : stride == 1 ? ", all there are" : $", every {stride}th")}: {failures.Count} failures"));
        foreach (var failure in failures) Console.WriteLine(failure);
        return failures.Count == 0 ? 0 : 1;
    }

    private static int Replay(int seed, bool trace, string? bug)
    {
        var folder = SeedRun.WorkFolder();
        var result = SeedRun.RunOne(seed, folder, trace ? Console.Out : null, bug is null ? Bug.None : Enum.Parse<Bug>(bug));
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Console.WriteLine($"seed {seed}: {result.Simulated.TotalSeconds:F0} simulated seconds, {result.Steps} steps, {result.Requests} requests, {result.Faults.Values.Sum()} faults, history {result.History:x16}");
        foreach (var (kind, count) in result.Faults) Console.WriteLine($"  {kind}: {count}");
        Console.WriteLine(result.Failure is null ? "all as it must be" : $"FAILED\n{result.Failure}");
        return result.Failure is null ? 0 : 1;
    }

    private static int Run(int from, int count, int threads, int seconds)
    {
        // Whoever ends a long run gets what it came to.
        using var stop = new CancellationTokenSource();
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        var totals = SeedRun.Run(from, count, threads, TimeSpan.FromSeconds(seconds), stopAfterFailures: 20, t => Console.Error.WriteLine(Line(t)), stop.Token);
        Console.WriteLine(Line(totals));
        Console.WriteLine($"seeds {from} to {totals.Next - 1}; go on with --from {totals.Next}");
        Console.WriteLine($"{totals.Elapsed.TotalSeconds:F0} s, {totals.Seeds / totals.Elapsed.TotalSeconds:F1} seeds a second on {threads} threads, {Environment.CpuUsage.TotalTime.TotalMilliseconds / Math.Max(1, totals.Seeds):F1} ms of CPU a seed, {totals.Steps / Math.Max(1, totals.Seeds)} steps, {GC.CollectionCount(0)}/{GC.CollectionCount(1)}/{GC.CollectionCount(2)} collections, {GC.GetTotalAllocatedBytes() / Math.Max(1, totals.Seeds) >> 10} KiB a seed");
        foreach (var (kind, faults) in totals.Faults) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {kind,-28} {faults,12:N0}"));
        foreach (var failed in totals.Failed.OrderBy(f => f.Seed)) Console.WriteLine($"seed {failed.Seed} FAILED: {failed.Failure}\n  replay: dotnet run --project perf -c Release -- simulate --seed {failed.Seed} --trace");
        return totals.Failed.Count == 0 ? 0 : 1;

        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private static string Line(SeedTotals totals) => string.Create(
        CultureInfo.InvariantCulture,
        $"{totals.Seeds:N0} seeds, {totals.Simulated.TotalHours:N0} simulated hours, {totals.Requests:N0} store requests, {totals.Faults.Values.Sum():N0} faults, {totals.Failed.Count} failures, histories {totals.Histories:x16}");
}
