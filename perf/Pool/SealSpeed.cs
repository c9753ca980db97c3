using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Perf.Pool;

/// <summary>How fast files are merged and sealed, alone on the machine.</summary>
internal static class SealSpeed
{
    /// <summary>Merges, then seals, what an ingest without sealing has left.</summary>
    public static async Task RunAsync(IObjectStore table, string contracts, string pool, CancellationToken cancellation)
    {
        var plan = CatalogLoader.LoadFolder(contracts).Catalog!.Datasets.Single();
        var version = (await LogReader.LoadAsync(table, cancellation).ConfigureAwait(false))!.Version;
        var files = (await LogReader.LiveFilesAsync(table, version, cancellation).ConfigureAwait(false)).Values;
        var services = new SealerServices(Directory.CreateDirectory(pool + "-work").FullName, IdSource.System, TimeProvider.System, Throttle.None(TimeProvider.System), NullLogger.Instance);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sealing {files.Count():N0} files of {files.Sum(f => f.Size) / 1e6:F1} MB as ingest wrote them, alone:"));
        await StageAsync("merged", new TableSealer(plan, table, services, new SealingOptions { MergeFiles = 4 }), SealScope.Due, cancellation).ConfigureAwait(false);
        await StageAsync("sealed", new TableSealer(plan, table, services, new SealingOptions()), SealScope.All, cancellation).ConfigureAwait(false);
    }

    private static async Task StageAsync(string name, TableSealer sealer, SealScope scope, CancellationToken cancellation)
    {
        var total = new SealReport(0, 0, 0, 0, 0, 0, 0);
        var (cpu, started) = (Process.GetCurrentProcess().TotalProcessorTime, Stopwatch.GetTimestamp());
        while (await sealer.RunOnceAsync(scope, cancellation).ConfigureAwait(false) is { } report) total += report;
        var (wall, used) = (Stopwatch.GetElapsedTime(started).TotalSeconds, (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {name}: {total.Inputs:N0} files of {total.BytesIn / 1e6:F1} MB into {total.Outputs:N0} of {total.BytesOut / 1e6:F1} MB, {total.Rows:N0} rows; {wall:F1} s, {used:F1} s of CPU; {total.BytesIn / 1e6 / wall:F1} MB/s read, {total.Rows / wall:N0} rows/s; peak {Environment.WorkingSet >> 20} MiB"));
    }
}
