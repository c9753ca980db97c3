using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Batching;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Perf.Compare;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Pool;

/// <summary><c>log</c>: what starts, commits and checkpoints cost when the log is long and the table has many files.</summary>
internal static class LogCommand
{
    private const int CommitsMeasured = 100;

    public static Command Create()
    {
        var commits = new Option<int>("--commits") { Description = "Commits in the log.", DefaultValueFactory = _ => 100_000 };
        var files = new Option<int>("--files-per-commit") { Description = "Files that each adds.", DefaultValueFactory = _ => 10 };
        var folder = new Option<string>("--work") { Description = "Folder for the log; it is deleted afterwards.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "ingest-perf-log") };
        var command = new Command("log", "Build a long log and measure start-up, commits, a checkpoint, vacuum, cleaning and memory; beside those of a small table.") { commits, files, folder };
        command.SetAction((parse, cancellation) => RunAsync(parse.GetValue(commits), parse.GetValue(files), parse.GetValue(folder)!, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(int commits, int filesPerCommit, string folder, CancellationToken cancellation)
    {
        try
        {
            // Small first: what the runtime compiles on the way is compiled then.
            await MeasureAsync(1_000, filesPerCommit, Path.Combine(folder, "small"), cancellation).ConfigureAwait(false);
            await MeasureAsync(commits, filesPerCommit, Path.Combine(folder, "large"), cancellation).ConfigureAwait(false);
            return ExitCodes.Ok;
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MeasureAsync(int commits, int filesPerCommit, string folder, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        var store = new LocalStore(folder, IdSource.System);
        var interval = CheckpointRule.Interval(100, (long)commits * filesPerCommit);
        var lastDue = commits / interval * interval;
        await new SyntheticLog(folder, commits, filesPerCommit).WriteAsync(store, Math.Max(interval, lastDue - interval), cancellation).ConfigureAwait(false);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{commits:N0} commits, {(long)commits * filesPerCommit:N0} files; a checkpoint every {interval} commits"));

        var before = await TimeAsync("  start-up, longest tail", async () => (await LogReader.LoadAsync(store, cancellation).ConfigureAwait(false))!).ConfigureAwait(false);
        if (before.LiveFiles != (long)commits * filesPerCommit) throw new InvalidOperationException($"The snapshot has {before.LiveFiles} files.");
        var table = await DeltaTable.OpenOrCreateAsync(store, SyntheticLog.Spec(100), IdSource.System, TimeProvider.System, cancellation).ConfigureAwait(false);
        await TimeAsync($"  {CommitsMeasured} commits", () => CommitAsync(table, filesPerCommit, commits, cancellation)).ConfigureAwait(false);
        await StageAsync(LogStageCommand.Checkpoint, folder, lastDue, cancellation).ConfigureAwait(false);
        var size = await store.SizeAsync(LogNames.Checkpoint(lastDue), cancellation).ConfigureAwait(false);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    of {size / 1e6:F1} MB"));
        await TimeAsync("  start-up after it", async () => (await LogReader.LoadAsync(store, cancellation).ConfigureAwait(false))!).ConfigureAwait(false);
        await StageAsync(LogStageCommand.Look, folder, lastDue, cancellation).ConfigureAwait(false);
        await StageAsync(LogStageCommand.Vacuuming, folder, lastDue, cancellation).ConfigureAwait(false);
        await StageAsync(LogStageCommand.Cleaning, folder, lastDue, cancellation).ConfigureAwait(false);
    }

    /// <summary>In a process of its own, with the worker's settings of the garbage collector: what it takes of memory is what a worker would need more.</summary>
    private static async Task StageAsync(string stage, string folder, long version, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "perf"), [LogStageCommand.Name, stage, folder, version.ToString(CultureInfo.InvariantCulture)]);
        foreach (var (name, value) in LogStageCommand.WorkerSettings) start.Environment[name] = value;
        Console.Write((await MeasuredProcess.RunAsync(start, cancellation).ConfigureAwait(false)).Output);
    }

    private static async Task<int> CommitAsync(DeltaTable table, int files, int after, CancellationToken cancellation)
    {
        for (var i = 0; i < CommitsMeasured; i++)
        {
            var from = table.Current.Txns["ingest/kafka/t/0"];
            var adds = Enumerable.Range(0, files).Select(f => SyntheticLog.FileOf(((after + i) * files) + f)).ToArray();
            var id = IdSource.System.Next();
            var request = new CommitRequest
            {
                TransactionId = id,
                Files = [.. adds.Select(a => new DataFile(a.Path, [a.PartitionValues["department"], a.PartitionValues["event_date"]], a.Size, a.Rows(), a.KeySum()!.Value, a.Stats!))],
                Ranges = [new RangeAccount { Right = new CommitRight(new TopicPartition("t", 0), from), Department = "d", Range = new OffsetRange(from, from + 1), Records = 0, Written = 0, Duplicates = 0, Quarantined = 0, PublishedUntilMs = 0 }],
                Run = new RunDescriptor($"{id:N}.run", 100 * files, 1, 4096),
                DeduplicatedAt = table.Current.Version,
                ContractHash = "",
            };
            var outcome = await table.CommitAsync(request, _ => "ingest/kafka/t/0", cancellation).ConfigureAwait(false);
            if (outcome is not CommitOutcome.Committed) throw new InvalidOperationException($"A commit was not made: {outcome}");
        }

        return CommitsMeasured;
    }

    /// <summary>Runs something once, with wall time, CPU time and the most that the heap held beyond what it held before.</summary>
    private static async Task<T> TimeAsync<T>(string what, Func<Task<T>> work)
    {
        GC.Collect();
        var held = GC.GetTotalMemory(forceFullCollection: true);
        var most = 0L;
        using var look = new Timer(_ => most = Math.Max(most, GC.GetTotalMemory(false) - held), null, 0, 10);
        var (cpu, started) = (Process.GetCurrentProcess().TotalProcessorTime, Stopwatch.GetTimestamp());
        var result = await work().ConfigureAwait(false);
        var wall = Stopwatch.GetElapsedTime(started);
        most = Math.Max(most, GC.GetTotalMemory(false) - held);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-26} {wall.TotalSeconds,8:F3} s, {(Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds,7:F2} s of CPU, heap up to +{most >> 20} MiB"));
        return result;
    }
}
