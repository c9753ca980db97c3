using System.CommandLine;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Sealing;
using Ingest.Worker.Configuration;
using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Commands;

/// <summary><c>pool compact</c>: seals recent files now, as a worker does in the background; workers may go on meanwhile.</summary>
internal static class PoolCompactCommand
{
    private const int MergesAtOnceMax = 8;

    // What room is left for each, times Ingest:Sealing:Memory: some hundred bytes a row take twice that, long rows more. Where it does not do, they are merged one by one.
    private const int MemoryFactor = 8;

    public static Command Create()
    {
        var partition = new Option<string?>("--partition") { Description = "Only this partition, by its folder, such as department=traffic/event_date=2026-03-01; all of it is sealed." };
        var all = new Option<bool>("--all") { Description = "Seal everything that is not sealed yet, however fresh and little." };
        return PoolArguments.Command("compact", "Merge and seal recent files: what is due, or all of it. Rows stay the same, and each commit proves it.", [partition, all],
            (given, parse, cancellation) => RunAsync(given, parse.GetValue(partition)?.TrimEnd('/'), parse.GetValue(all), cancellation), canSelect: true, readsContracts: true);
    }

    private static async Task<int> RunAsync(PoolArguments given, string? partition, bool everything, CancellationToken cancellation)
    {
        var catalog = given.Contracts();
        var sealing = SettingsReader.Sealing(SettingsReader.Configuration([]), given.Errors);
        if (partition is not null && !await HasFilesAsync(given, partition + "/", cancellation).ConfigureAwait(false))
            given.Errors.Add($"No file of {given.Only ?? "any table"} lies in the partition '{partition}'. Give its folder as it stands below the table, such as department=traffic/event_date=2026-03-01.");
        given.Check();

        var scope = new SealScope(everything || partition is not null, partition is null ? null : partition + "/");
        var plans = catalog!.Datasets.Concat(OwnDatasets.Plans).ToDictionary(d => d.Name, StringComparer.Ordinal);
        var work = Directory.CreateTempSubdirectory("ingest-compact-").FullName;
        using var loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning));
        var (sealedFiles, refused) = (0, 0);
        var report = Output.Table("table", "files before", "files after", "of them sealed", "rows", "read", "written", "MB/s");
        try
        {
            foreach (var table in given.Tables)
            {
                if (!plans.TryGetValue(table.Name, out var plan))
                {
                    Console.WriteLine($"{table.Name}: no contract describes it; it is left as it is.");
                    continue;
                }

                var services = new SealerServices(work, IdSource.System, TimeProvider.System, Throttle.None(TimeProvider.System), loggers.CreateLogger("Ingest.Sealing")) { MergesAtOnce = MergesAtOnce(sealing!) };
                var sealer = new TableSealer(plan, table.Store, services, sealing!);
                sealedFiles += await SealAsync(table, sealer, scope, report, cancellation).ConfigureAwait(false);
                refused += sealer.Backlog?.Refused ?? 0;
            }
        }
        catch (Exception failure) when (failure is InvalidDataException or TableRefusedException)
        {
            await Console.Error.WriteLineAsync($"error  {failure.Message}").ConfigureAwait(false);
            return ExitCodes.Failed;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }

        Output.Console.Write(report);
        if (refused > 0)
        {
            await Console.Error.WriteLineAsync($"error  {Output.Count(refused)} files stay as they are, for not all of them can be read; pool verify names those that cannot.").ConfigureAwait(false);
            return ExitCodes.Failed;
        }

        if (sealedFiles == 0 && report.Count > 0) Console.WriteLine(scope.Everything ? "Nothing is left to seal." : "Nothing is due; --all seals everything.");
        return ExitCodes.Ok;
    }

    /// <summary>As many as there are cores, and room in half of the memory.</summary>
    private static int MergesAtOnce(SealingOptions sealing) =>
        (int)Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2 / (MemoryFactor * sealing.MemoryBytes), 1, Math.Min(MergesAtOnceMax, Environment.ProcessorCount));

    private static async Task<bool> HasFilesAsync(PoolArguments given, string folder, CancellationToken cancellation)
    {
        foreach (var table in given.Tables)
        {
            if ((await LogFiles.LiveAsync(table, cancellation).ConfigureAwait(false)).Any(f => TableLayout.FolderOf(f.Path) == folder)) return true;
        }

        return false;
    }

    /// <summary>Returns how many files it took.</summary>
    private static async Task<int> SealAsync(PoolTable table, TableSealer sealer, SealScope scope, RowTable report, CancellationToken cancellation)
    {
        var started = TimeProvider.System.GetTimestamp();
        var total = new SealReport(0, 0, 0, 0, 0, 0, 0);
        while (await sealer.RunOnceAsync(scope, cancellation).ConfigureAwait(false) is { } done) total += done;
        var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        report.Row(table.Name, Output.Count(total.Inputs), Output.Count(total.Outputs), Output.Count(total.Sealed), Output.Count(total.Rows), Output.Bytes(total.BytesIn), Output.Bytes(total.BytesOut),
            (total.BytesIn / 1e6 / seconds).ToString("F1", CultureInfo.InvariantCulture));
        return total.Inputs;
    }
}
