using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;
using Ingest.Perf.Compare;
using Ingest.Perf.Workloads;
using Ingest.Worker.Commands;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Perf.Pool;

/// <summary><c>seal</c>: what sealing writes, how fast, and what it takes from ingest.</summary>
internal static class SealCommand
{
    public static Command Create()
    {
        var records = new Option<long>("--records") { Description = "Records of the workload.", DefaultValueFactory = _ => 500_000 };
        var runs = new Option<int>("--runs") { Description = "Runs with and without sealing, in turns; the figures are medians.", DefaultValueFactory = _ => 3 };
        var folder = new Option<string>("--work") { Description = "Folder for pools; they are deleted afterwards.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "ingest-perf-seal") };
        var command = new Command("seal", $"Measure sealing: write amplification, speed, and ingest's rate with and without it. The brokers to use: {KafkaAccess.BrokersVariable}=host:port.") { records, runs, folder };
        command.SetAction((parse, cancellation) => RunAsync(parse.GetValue(records), parse.GetValue(runs), Path.GetFullPath(parse.GetValue(folder)!), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(long records, int runs, string folder, CancellationToken cancellation)
    {
        if (KafkaAccess.FromEnvironment() is not { } kafka)
        {
            await Console.Error.WriteLineAsync($"{KafkaAccess.BrokersVariable} is not set. Give brokers that hold their log on disk.").ConfigureAwait(false);
            return ExitCodes.BadConfiguration;
        }

        var workload = Workload.Of("batch", records);
        try
        {
            var contracts = WorkloadContract.Write(workload, folder);
            await WorkloadTopics.PublishAsync(workload, kafka, cancellation).ConfigureAwait(false);
            List<Measurement> without = [], with = [];
            for (var run = 0; run < runs; run++)
            {
                without.Add(await IngestAsync(workload, kafka, contracts, Path.Combine(folder, $"plain-{run}"), sealing: false, cancellation).ConfigureAwait(false));
                with.Add(await IngestAsync(workload, kafka, contracts, Path.Combine(folder, $"sealing-{run}"), sealing: true, cancellation).ConfigureAwait(false));
            }

            Console.WriteLine("ingest of many small files, without and with sealing beside it (small flushes, and a look every second that merges from 4 files on):");
            Report("without", workload, without);
            Report("with", workload, with);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  rate with sealing: {Median(without, m => m.Wall.TotalSeconds) / Median(with, m => m.Wall.TotalSeconds):P0} of that without"));
            await SealAsync(workload, contracts, Path.Combine(folder, "plain-0"), cancellation).ConfigureAwait(false);
            return ExitCodes.Ok;
        }
        catch (Exception failure) when (failure is ContestException or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync(failure.Message).ConfigureAwait(false);
            return ExitCodes.Failed;
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Measurement> IngestAsync(Workload workload, KafkaAccess kafka, string contracts, string pool, bool sealing, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Ingest.Worker"))
        {
            ArgumentList =
            {
                "run", "--until-caught-up", $"--Ingest:Kafka:BootstrapServers={kafka.Brokers}", $"--Ingest:Kafka:GroupId=seal-{IdSource.System.Next():N}", $"--Ingest:Pool={pool}", $"--Ingest:Contracts={contracts}",
                $"--Ingest:Table:IndexCache={pool}-cache", "--Ingest:Health:Port=0", "--Logging:LogLevel:Default=Warning", "--Ingest:Batching:FlushAfter=00:00:00.5", "--Ingest:Batching:FlushAfterBehind=00:00:00.5",
                $"--Ingest:Housekeeping:Enabled={sealing}", "--Ingest:Housekeeping:Interval=00:00:01", "--Ingest:Sealing:MergeFiles=4",
            },
        };
        foreach (var (name, value) in kafka.Properties) start.ArgumentList.Add($"--Ingest:Kafka:Properties:{name}={value}");
        return (await MeasuredProcess.RunAsync(start, cancellation).ConfigureAwait(false)).Measurement with { Records = workload.Records };
    }

    /// <summary>Merges, then seals, what one of the runs has left; alone on the machine.</summary>
    private static async Task SealAsync(Workload workload, string contracts, string pool, CancellationToken cancellation)
    {
        var plan = CatalogLoader.LoadFolder(contracts).Catalog!.Datasets.Single();
        var store = new PrefixedStore(new LocalStore(pool, IdSource.System), workload.Dataset);
        var version = (await LogReader.LoadAsync(store, cancellation).ConfigureAwait(false))!.Version;
        var files = (await LogReader.LiveFilesAsync(store, version, cancellation).ConfigureAwait(false)).Values;
        var (count, bytes) = (files.Count(), files.Sum(f => f.Size));
        var work = Directory.CreateDirectory(pool + "-work").FullName;
        var services = new SealerServices(work, IdSource.System, TimeProvider.System, Throttle.None(TimeProvider.System), NullLogger.Instance);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sealing {count:N0} files of {bytes / 1e6:F1} MB as ingest wrote them:"));
        var merged = await StageAsync("merged", new TableSealer(plan, store, services, new SealingOptions { MergeFiles = 4 }), SealScope.Due, cancellation).ConfigureAwait(false);
        var @sealed = await StageAsync("sealed", new TableSealer(plan, store, services, new SealingOptions()), SealScope.All, cancellation).ConfigureAwait(false);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  write amplification: {(bytes + merged.BytesOut + @sealed.BytesOut) / (double)bytes:F2} of what ingest wrote; {(bytes + merged.BytesOut + @sealed.BytesOut) / (double)@sealed.BytesOut:F2} of what is left (small files are larger than their share of a big one)"));
    }

    private static async Task<SealReport> StageAsync(string name, TableSealer sealer, SealScope scope, CancellationToken cancellation)
    {
        var total = new SealReport(0, 0, 0, 0, 0, 0, 0);
        var (cpu, started) = (Process.GetCurrentProcess().TotalProcessorTime, Stopwatch.GetTimestamp());
        while (await sealer.RunOnceAsync(scope, cancellation).ConfigureAwait(false) is { } report) total += report;
        var (wall, used) = (Stopwatch.GetElapsedTime(started).TotalSeconds, (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {name}: {total.Inputs:N0} files of {total.BytesIn / 1e6:F1} MB into {total.Outputs:N0} of {total.BytesOut / 1e6:F1} MB, {total.Rows:N0} rows; {wall:F1} s, {used:F1} s of CPU; {total.BytesIn / 1e6 / wall:F1} MB/s read, {total.Rows / wall:N0} rows/s; peak {Environment.WorkingSet >> 20} MiB"));
        return total;
    }

    private static void Report(string name, Workload workload, List<Measurement> runs) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"  {name,-8} {workload.Records / Median(runs, m => m.Wall.TotalSeconds):N0} records/s, {Median(runs, m => m.Cpu.TotalSeconds):F1} s of CPU, peak {Median(runs, m => m.PeakBytes) / (1 << 20):F0} MiB"));

    private static double Median(List<Measurement> runs, Func<Measurement, double> of)
    {
        var sorted = runs.Select(of).Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
