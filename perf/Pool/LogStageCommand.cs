using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Housekeeping;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Pool;

/// <summary><c>log-stage</c>: one stage of <c>log</c> in this process; prints CPU and how far resident memory grew.</summary>
internal static class LogStageCommand
{
    public const string Name = "log-stage", Checkpoint = "checkpoint", Look = "look", Vacuuming = "vacuum", Cleaning = "cleaning";

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(5);

    /// <summary>As in the worker's project file; numbers are hexadecimal.</summary>
    public static IReadOnlyList<(string Name, string Value)> WorkerSettings { get; } = [("DOTNET_GCConserveMemory", "5"), ("DOTNET_GCGen0MaxBudget", "1000000")];

    public static Command Create()
    {
        var stage = new Argument<string>("stage");
        var folder = new Argument<string>("folder");
        var version = new Argument<long>("version");
        var command = new Command(Name, "Run one stage; started by log.") { stage, folder, version };
        command.Hidden = true;
        command.SetAction((parse, cancellation) => RunAsync(parse.GetValue(stage)!, parse.GetValue(folder)!, parse.GetValue(version), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string stage, string folder, long version, CancellationToken cancellation)
    {
        var store = new LocalStore(folder, IdSource.System);
        var work = Directory.CreateDirectory(folder + "-work").FullName;
        var table = await DeltaTable.OpenOrCreateAsync(store, SyntheticLog.Spec(100), IdSource.System, TimeProvider.System, cancellation).ConfigureAwait(false);
        await (stage switch
        {
            Checkpoint => MeasureAsync("  checkpoint", () => table.WriteCheckpointAsync(version, cancellation, work).AsTask()),
            Look => MeasureAsync("  sealer's first look", () => LookAsync(store, work, table.Current.LiveFiles, cancellation)),
            Vacuuming => MeasureAsync("  vacuum, nothing to go", () => VacuumAsync(store, work, cancellation)),
            _ => MeasureAsync("  cleaning of the log", () => CleanAsync(store, work, version, cancellation)),
        }).ConfigureAwait(false);
        return ExitCodes.Ok;
    }

    /// <summary>All that a sealer does before it knows whether something is due.</summary>
    private static async Task LookAsync(IObjectStore store, string work, long files, CancellationToken cancellation)
    {
        var recent = new RecentFiles(store, work);
        await recent.RefreshAsync(cancellation).ConfigureAwait(false);
        SealPlanner.DueSince(recent.Folders, recent.SealedIn, DateTimeOffset.UnixEpoch, new SealingOptions());
        if (recent.Count != files) throw new InvalidOperationException($"The sealer sees {recent.Count} files of {files}.");
    }

    /// <summary>What is needed is all that is live now: its files are not there, and what is there is the log.</summary>
    private static async Task VacuumAsync(IObjectStore store, string work, CancellationToken cancellation)
    {
        var found = await Vacuum.RunAsync(store, TimeSpan.Zero, delete: false, IdSource.System, TimeProvider.System, work, null, cancellation).ConfigureAwait(false);
        if (found.Files > 0) throw new InvalidOperationException($"Vacuum would delete {found.Files} files, and there are none.");
    }

    /// <summary>A year later: all before the newest checkpoint goes.</summary>
    private static async Task CleanAsync(IObjectStore store, string work, long version, CancellationToken cancellation)
    {
        var done = await LogCleanup.RunAsync(store, TimeSpan.Zero, TimeProvider.System.GetUtcNow().AddDays(365), work, cancellation).ConfigureAwait(false);
        if (done.Base != version) throw new InvalidOperationException($"The log was cleaned up to {done.Base} instead of {version}.");
    }

    private static async Task MeasureAsync(string what, Func<Task> work)
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        var (resident, anonymous) = Memory();
        var (residentMax, anonymousMax) = (resident, anonymous);
        var (cpu, started) = (Process.GetCurrentProcess().TotalProcessorTime, Stopwatch.GetTimestamp());
        var working = Task.Run(work);
        while (await Task.WhenAny(working, Task.Delay(s_look, TimeProvider.System)).ConfigureAwait(false) != working)
        {
            var now = Memory();
            (residentMax, anonymousMax) = (Math.Max(residentMax, now.Resident), Math.Max(anonymousMax, now.Anonymous));
        }

        await working.ConfigureAwait(false);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what,-26} {Stopwatch.GetElapsedTime(started).TotalSeconds,8:F3} s, {(Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds,7:F2} s of CPU, resident memory up to +{(residentMax - resident) >> 20} MiB, +{(anonymousMax - anonymous) >> 20} MiB of it anonymous (not pages of files)"));
    }

    private static (long Resident, long Anonymous) Memory()
    {
        var (resident, anonymous) = (0L, 0L);
        foreach (var line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("VmRSS:", StringComparison.Ordinal)) resident = Kilobytes(line) << 10;
            else if (line.StartsWith("RssAnon:", StringComparison.Ordinal)) anonymous = Kilobytes(line) << 10;
        }

        return (resident, anonymous);
    }

    private static long Kilobytes(string line) => long.Parse(line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1).Trim().TrimEnd("kB "), NumberStyles.None, CultureInfo.InvariantCulture);
}
