using System.CommandLine;
using System.Globalization;
using Ingest.Core;
using Ingest.Perf.Workloads;
using Ingest.Tests.Memory.Harness;
using Ingest.Worker.Commands;
using Ingest.Worker.Configuration;

namespace Ingest.Perf.Memory;

/// <summary><c>memory</c>: the worker's peak resident memory in each case of the memory contract, under a limit that kills.</summary>
internal static class MemoryCommand
{
    public static Command Create()
    {
        var only = new Option<string[]>("--case") { Description = "Only these: backlog, wide, dates, large, huge, stall.", AllowMultipleArgumentsPerToken = true };
        var scale = new Option<double>("--scale") { Description = "Makes every case smaller in number.", DefaultValueFactory = _ => 1 };
        var budget = new Option<string>("--budget") { Description = "Ingest:Memory:Budget.", DefaultValueFactory = _ => "512MiB" };
        var stall = new Option<int>("--stall-seconds") { Description = "How long the disk stalls.", DefaultValueFactory = _ => 180 };
        var work = new Option<string>("--work") { Description = "Folder for pools.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "ingest-memory") };
        var command = new Command("memory", $"Peak resident memory of a worker in each case of the memory contract; PASS is budget + 256 MiB. The backlog wants {KafkaAccess.BrokersVariable}.") { only, scale, budget, stall, work };
        command.SetAction((parse, cancellation) => RunAsync(
            parse.GetValue(only)!, MemoryCases.All(parse.GetValue(scale), TimeSpan.FromSeconds(parse.GetValue(stall))), parse.GetValue(budget)!, Path.GetFullPath(parse.GetValue(work)!), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string[] only, IReadOnlyList<MemoryCase> cases, string budget, string work, CancellationToken cancellation)
    {
        if (!ByteSize.TryParse(budget, out var budgetBytes) || only.Any(o => cases.All(c => c.Name != o)))
        {
            await Console.Error.WriteLineAsync($"Give a --budget such as 512MiB, and of --case {string.Join(", ", cases.Select(c => c.Name))}.").ConfigureAwait(false);
            return ExitCodes.BadConfiguration;
        }

        var missed = 0;
        foreach (var @case in cases.Where(c => only.Length == 0 || only.Contains(c.Name)))
        {
            var folder = Path.Combine(work, $"{@case.Name}-{IdSource.System.Next():N}");
            Directory.CreateDirectory(folder);
            try
            {
                missed += await MeasureAsync(@case, budget, budgetBytes, folder, cancellation).ConfigureAwait(false) ? 0 : 1;
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        return missed == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static async Task<bool> MeasureAsync(MemoryCase @case, string budget, long budgetBytes, string folder, CancellationToken cancellation)
    {
        var kafka = KafkaAccess.FromEnvironment();
        if (@case.NeedsKafka && kafka is null)
        {
            Console.WriteLine($"{@case.Name,-8} SKIP  needs {KafkaAccess.BrokersVariable}");
            return true;
        }

        var brokers = @case.NeedsKafka ? new MemoryBrokers(kafka!.Brokers, kafka.Properties, $"run{IdSource.System.Next():N}."[..12] + ".") : null;
        if (await MemoryRun.RunAsync(@case, budget, budgetBytes, folder, brokers, cancellation).ConfigureAwait(false) is not { } run)
        {
            Console.WriteLine($"{@case.Name,-8} SKIP  needs a user who may mount a disk");
            return true;
        }

        var ended = run.Worker.ExitCode != 0 ? $"ended with {run.Worker.ExitCode}" : $"{Output.Count(run.Rows)} of {Output.Count(run.RowsExpected)} rows";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{@case.Name,-8} {(run.Passed ? "PASS" : "MISS")}  peak {Output.Bytes(run.Worker.PeakBytes)} of {Output.Bytes(run.LimitBytes)} allowed (anonymous {Output.Bytes(run.Worker.AnonymousBytes)}, limit {(run.IsEnforced ? "" : "not ")}enforced by a cgroup), {run.Took.TotalSeconds:F0} s, {ended}: {@case.What}"));
        if (!run.Passed) Console.WriteLine(run.Worker.Output.Length > 40_000 ? run.Worker.Output[^40_000..] : run.Worker.Output);
        return run.Passed;
    }
}
