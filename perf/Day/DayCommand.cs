using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Ingest.Core;
using Ingest.Perf.Compare;
using Ingest.Perf.Compare.Contenders;
using Ingest.Perf.Workloads;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Day;

/// <summary><c>day</c>: a day of the city, from full topics to the last commit, at default settings; into an empty table and into one that holds many keys already.</summary>
internal static class DayCommand
{
    private const int RecordsPerTransfer = 20;

    public static Command Create()
    {
        var transfers = new Option<long>("--transfers") { Description = "Transfers of 20 records.", DefaultValueFactory = _ => 2_000_000 };
        var keys = new Option<long[]>("--keys") { Description = "Keys that the table's index holds already, one run for each number.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [0, 100_000_000] };
        var keep = new Option<bool>("--keep") { Description = "Leave the pool of the last run in the folder, for scan." };
        var folder = new Option<string>("--work") { Description = "Folder for pools.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "ingest-perf") };
        var worker = new Option<string?>("--worker") { Description = "Folder of a published Ingest.Worker to measure, as the image has it. Default: the one built with this program." };
        var output = new Option<string>("--output") { Description = "Report to write.", DefaultValueFactory = _ => Path.Combine("perf", "RESULTS.md") };
        var command = new Command("day", $"Ingest a day of the city. The brokers to use: {KafkaAccess.BrokersVariable} and {KafkaAccess.PropertiesVariable}, as for compare.") { transfers, keys, keep, folder, worker, output };
        command.SetAction(async (parse, cancellation) =>
        {
            if (KafkaAccess.FromEnvironment() is not { } kafka)
            {
                await Console.Error.WriteLineAsync($"{KafkaAccess.BrokersVariable} is not set. Give brokers that hold their log on disk.").ConfigureAwait(false);
                return ExitCodes.BadConfiguration;
            }

            var work = Workload.Of("batch", parse.GetValue(transfers) * RecordsPerTransfer);
            await ResultsFile.WriteSectionAsync(parse.GetValue(output)!, "day", await MeasureAsync(work, kafka, parse.GetValue(keys)!, parse.GetValue(keep), Path.GetFullPath(parse.GetValue(folder)!), parse.GetValue(worker), cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<string> MeasureAsync(Workload work, KafkaAccess kafka, long[] keys, bool keep, string folder, string? worker, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        await WorkloadTopics.PublishAsync(work, kafka, cancellation).ConfigureAwait(false);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{work.Messages:N0} transfers in the topics after {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s"));
        var contracts = WorkloadContract.Write(work, folder);
        var page = new StringBuilder().Append(CultureInfo.InvariantCulture, $"## A day of the city\n{work.Messages:N0} transfers of {work.RecordsPerMessage} records ({work.Records:N0} records, {work.Distinct:N0} distinct), {Workload.Departments} departments x {Workload.Dates} dates, default settings.\n\n")
            .Append("| keys in the index before | wall s | records/s | CPU s a million records | peak MiB | commits | files | rows a file | bytes a row | index bytes a key | bytes allocated a record | gen2 |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var held in keys)
        {
            var id = IdSource.System.Next().ToString("N");
            var stage = new Stage(work, kafka, "", contracts, $"perf-{id}", Path.Combine(folder, "day-" + id));
            try
            {
                if (held > 0) await HeldKeys.CreateAsync(stage, held, cancellation).ConfigureAwait(false);
                var run = await new WorkerContender(published: worker).RunAsync(stage, check: held == 0, cancellation).ConfigureAwait(false);
                page.Append(await RowAsync(stage, held, run, cancellation).ConfigureAwait(false));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {held:N0} keys before: wall {run.Wall.TotalSeconds:F1} s, CPU {run.Cpu.TotalSeconds:F1} s, peak {Output.Bytes(run.PeakBytes)}, {run.AllocatedBytes:F0} bytes allocated a record, gen2 {run.Gen2}"));
            }
            finally
            {
                if (Directory.Exists(stage.Output) && !(keep && held == keys[^1])) Directory.Delete(stage.Output, recursive: true);
                else if (keep) Console.WriteLine($"  The pool is {stage.Output}, the table {work.Dataset}.");
            }
        }

        return page.Append(CultureInfo.InvariantCulture, $"\n`dotnet run --project perf -c Release -- day{(worker is null ? "" : " --worker …")}`; the worker {(worker is null ? "" : "is the program as the image has it, ")}in a process of its own, from its start to its exit, the broker on the same cores.\n").ToString();
    }

    private static async Task<string> RowAsync(Stage stage, long held, Measurement run, CancellationToken cancellation)
    {
        var pool = await PoolTables.OpenAsync(stage.Output, cancellation).ConfigureAwait(false);
        var table = pool!.Tables.First(t => t.Name == stage.Workload.Dataset);
        var files = (await LogFiles.LiveAsync(table, cancellation).ConfigureAwait(false)).Where(f => f.Bytes > HeldKeys.FileBytes).Select(f => f.Bytes).ToArray();
        var rows = (double)stage.Workload.Distinct;
        var index = table.Snapshot.Index;
        return string.Create(CultureInfo.InvariantCulture,
            $"| {held:N0} | {run.Wall.TotalSeconds:F1} | {stage.Workload.Records / run.Wall.TotalSeconds:N0} | {run.Cpu.TotalSeconds * 1e6 / stage.Workload.Records:F2} | {run.PeakBytes >> 20} | {table.Snapshot.Version:N0} | {files.Length:N0} | {rows / files.Length:N0} | {files.Sum() / rows:F1} | {index.Runs.Sum(r => r.Bytes) / (double)index.TotalKeys:F1} | {run.AllocatedBytes:F0} | {run.Gen2} |\n");
    }
}
