using System.CommandLine;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Flow.Replay;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool.Delta;
using Ingest.Worker.Configuration;
using Ingest.Worker.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Worker.Commands;

/// <summary><c>quarantine replay</c>: takes refused records in by the contracts of today.</summary>
internal static class QuarantineReplayCommand
{
    private const int BatchRows = 10_000;
    private const long BatchBytes = 16L << 20;

    public static Command Create()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would happen, and change nothing." };
        return PoolArguments.Command(
            "replay", "Take refused records in by the contracts of today. What is taken in already adds nothing; what is still wrong stays. Workers may go on.", [dryRun, .. QuarantineFilter.OpenOptions],
            (given, parse, cancellation) => RunAsync(given, QuarantineFilter.Of(parse), parse.GetValue(dryRun), cancellation), readsContracts: true);
    }

    private static async Task<int> RunAsync(PoolArguments given, QuarantineFilter filter, bool dryRun, CancellationToken cancellation)
    {
        var catalog = given.Contracts();
        given.Check();
        using var quarantine = await QuarantineRowsReader.OpenAsync(given.Pool, cancellation).ConfigureAwait(false);
        await filter.CheckAsync(given, quarantine, cancellation).ConfigureAwait(false);
        try
        {
            var report = quarantine is null ? new ReplayReport() : await ReplayAsync(given.Pool, catalog!, quarantine, filter, SettingsReader.Limits(SettingsReader.Configuration([])), dryRun, cancellation).ConfigureAwait(false);
            Print(report, dryRun);
            return ExitCodes.Ok;
        }
        catch (Exception refused) when (Refusal.IsOne(refused))
        {
            await Console.Error.WriteLineAsync($"{refused.Message} {WhatThen(refused)}").ConfigureAwait(false);
            return ExitCodes.Stopped;
        }
    }

    /// <summary>A table that does not fit its contract refuses the next replay as well.</summary>
    private static string WhatThen(Exception refused) => refused is TableRefusedException
        ? "What was committed before is safe; once that is mended, run the replay again."
        : "What was committed before is safe; run the replay again.";

    private static async Task<ReplayReport> ReplayAsync(PoolTables pool, Catalog catalog, QuarantineRowsReader quarantine, QuarantineFilter filter, DecodeLimits limits, bool dryRun, CancellationToken cancellation)
    {
        var cache = Directory.CreateTempSubdirectory("ingest-replay-").FullName;
        var services = new EngineServices { Pool = pool.Store, Logger = NullLogger.Instance };
        var replays = new Dictionary<string, QuarantineReplay>(StringComparer.Ordinal);
        var total = new ReplayReport();
        try
        {
            foreach (var batch in Batches(quarantine.Rows(filter).Select(r => r.Record)))
            {
                foreach (var cluster in batch.GroupBy(r => r.SourceName))
                {
                    if (!replays.TryGetValue(cluster.Key, out var replay))
                        replays.Add(cluster.Key, replay = new QuarantineReplay(catalog, services, cluster.Key, limits, cache, dryRun));
                    await replay.RunAsync([.. cluster], cancellation).ConfigureAwait(false);
                }
            }

            foreach (var replay in replays.Values) total.Add(replay.Report);
            return total;
        }
        finally
        {
            foreach (var replay in replays.Values) replay.Dispose();
            Directory.Delete(cache, recursive: true);
        }
    }

    private static IEnumerable<List<QuarantinedRecord>> Batches(IEnumerable<QuarantinedRecord> rows)
    {
        var batch = new List<QuarantinedRecord>();
        var bytes = 0L;
        foreach (var row in rows)
        {
            if (batch.Count > 0 && (batch.Count == BatchRows || bytes + row.Raw.Length > BatchBytes))
            {
                yield return batch;
                (batch, bytes) = ([], 0);
            }

            batch.Add(row);
            bytes += row.Raw.Length + (row.Header?.Length ?? 0);
        }

        if (batch.Count > 0) yield return batch;
    }

    private static void Print(ReplayReport report, bool dryRun)
    {
        var (taken, stays) = dryRun ? ("would be taken in", "would stay") : ("taken in", "stay");
        Console.WriteLine($"{Output.Count(report.Looked)} refused records and transfers looked at, {Output.Count(report.TakenIn)} {taken}, {Output.Count(report.StillRefused.Values.Sum())} {stays} in quarantine.");
        Console.WriteLine($"Records: {Output.Count(report.RecordsWritten)} new rows, {Output.Count(report.RecordsDuplicate)} duplicates, {Output.Count(report.RecordsRefusedAnew)} refused anew by themselves.");
        foreach (var (why, count) in report.StillRefused) Console.WriteLine($"  {why}: {Output.Count(count)}");
        foreach (var commits in report.Commits.GroupBy(c => c.Table)) Console.WriteLine($"{commits.Key}: committed version{(commits.Count() == 1 ? "" : "s")} {string.Join(", ", commits.Select(c => c.Version))}.");
        if (dryRun) Console.WriteLine("Nothing was changed.");
        else if (report.Commits.Count == 0) Console.WriteLine("There was nothing to change.");
    }
}
