using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Pool;
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
    /// <summary>Small, so that in a minute there is merged and sealed what else takes a day.</summary>
    private static readonly SealingOptions s_small = new() { MergeFiles = 4, TargetBytes = 1 << 20, QuietAfter = TimeSpan.FromSeconds(2) };

    /// <summary>Rows of a commit: some forty a file.</summary>
    private const int FlushRows = 10_000;

    private static string SmallText => $"a commit every {FlushRows:N0} rows, merged from {s_small.MergeFiles} files on, sealed at {s_small.TargetBytes >> 10} KiB or after {s_small.QuietAfter.TotalSeconds:F0} s of quiet, twice as long for each further file";

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

            Console.WriteLine($"ingest of many small files, without and with sealing beside it, in turns ({SmallText}, a look every second):");
            Report("without", workload, without);
            Report("with", workload, with);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  with sealing, of that without: rate {Median(without, m => m.Wall.TotalSeconds) / Median(with, m => m.Wall.TotalSeconds):P0}, CPU {Median(with, m => m.Cpu.TotalSeconds) / Median(without, m => m.Cpu.TotalSeconds):P0}; turn by turn {string.Join(", ", without.Zip(with, (a, b) => (a.Wall / b.Wall).ToString("P0", CultureInfo.InvariantCulture)))}"));
            for (var run = 0; run < runs; run++) await GenerationsAsync(workload, contracts, Path.Combine(folder, $"sealing-{run}"), cancellation).ConfigureAwait(false);
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

    /// <summary>
    /// Seals what is left beside a worker that has ended, then counts from the log what was ever written, by generation. Partitions were sealed while their records kept coming, so late ones have
    /// become further files.
    /// </summary>
    private static async Task GenerationsAsync(Workload workload, string contracts, string pool, CancellationToken cancellation)
    {
        var plan = CatalogLoader.LoadFolder(contracts).Catalog!.Datasets.Single();
        var store = new PrefixedStore(new LocalStore(pool, IdSource.System), workload.Dataset);
        var services = new SealerServices(Directory.CreateDirectory(pool + "-work").FullName, IdSource.System, TimeProvider.System, Throttle.None(TimeProvider.System), NullLogger.Instance);
        var sealer = new TableSealer(plan, store, services, s_small);
        var beside = await CountAsync(store, cancellation).ConfigureAwait(false);
        while (await sealer.RunOnceAsync(SealScope.All, cancellation).ConfigureAwait(false) is not null)
        {
        }

        var all = await CountAsync(store, cancellation).ConfigureAwait(false);
        string Told(Generation g) => string.Create(CultureInfo.InvariantCulture, $"{g.Files:N0} files, {g.Rows:N0} rows, {g.Bytes / 1e6:F1} MB");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  written by ingest {Told(all.Ingested)}; merged {Told(all.Merged)}; sealed {Told(all.Sealed)} ({beside.Sealed.Files:N0} of them beside ingest, in {all.Partitions:N0} partitions)"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"    write amplification by rows: {1 + (all.Merged.Rows / (double)all.Ingested.Rows):F2} with the merged, {all.Rows / (double)all.Ingested.Rows:F2} in all; by bytes {all.Bytes / (double)all.Ingested.Bytes:F2} of what ingest wrote, {all.Bytes / (double)all.Sealed.Bytes:F2} of what is left"));
    }

    private static async Task<Written> CountAsync(IObjectStore store, CancellationToken cancellation)
    {
        var written = new Written();
        var partitions = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var (_, actions) in LogReader.RetainedAsync(store, cancellation).ConfigureAwait(false))
        {
            foreach (var add in actions.OfType<LogAction.Add>())
            {
                var generation = TableLayout.IsSealed(add.Path) ? written.Sealed : TableLayout.IsMerged(add.Path) ? written.Merged : written.Ingested;
                (generation.Files, generation.Rows, generation.Bytes) = (generation.Files + 1, generation.Rows + add.Rows(), generation.Bytes + add.Size);
                partitions.Add(TableLayout.FolderOf(add.Path));
            }
        }

        written.Partitions = partitions.Count;
        return written;
    }

    private static async Task<Measurement> IngestAsync(Workload workload, KafkaAccess kafka, string contracts, string pool, bool sealing, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Ingest.Worker"))
        {
            ArgumentList =
            {
                "run", "--until-caught-up", $"--Ingest:Kafka:BootstrapServers={kafka.Brokers}", $"--Ingest:Kafka:GroupId=seal-{IdSource.System.Next():N}", $"--Ingest:Pool={pool}", $"--Ingest:Contracts={contracts}",
                $"--Ingest:Table:IndexCache={pool}-cache", "--Ingest:Health:Port=0", "--Logging:LogLevel:Default=Warning", "--Ingest:Batching:FlushAfter=00:00:00.5", "--Ingest:Batching:FlushAfterBehind=00:00:00.5", $"--Ingest:Batching:FlushRows={FlushRows}",
                $"--Ingest:Housekeeping:Enabled={sealing}", "--Ingest:Housekeeping:Interval=00:00:01",
                $"--Ingest:Sealing:MergeFiles={s_small.MergeFiles}", $"--Ingest:Sealing:TargetBytes={s_small.TargetBytes >> 20}MiB", $"--Ingest:Sealing:QuietAfter={s_small.QuietAfter}",
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

    private sealed class Generation
    {
        public long Files { get; set; }

        public long Rows { get; set; }

        public long Bytes { get; set; }
    }

    private sealed class Written
    {
        public Generation Ingested { get; } = new();

        public Generation Merged { get; } = new();

        public Generation Sealed { get; } = new();

        public int Partitions { get; set; }

        public long Rows => Ingested.Rows + Merged.Rows + Sealed.Rows;

        public long Bytes => Ingested.Bytes + Merged.Bytes + Sealed.Bytes;
    }
}
