using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;

namespace Ingest.Core.Flow.Runtime;

/// <summary>Makes a table's index anew from its rows alone: reads every live file, computes the fingerprints, writes runs, and publishes them by a log entry.</summary>
internal static class IndexRebuild
{
    /// <summary>Keys gathered in memory before a run is written. Larger: fewer runs to merge later; smaller: less memory.</summary>
    private const int RunKeysMax = 4_000_000;

    public static async Task RunAsync(DatasetPlan plan, IObjectStore store, DeltaTable table, EngineServices services, CancellationToken cancellation)
    {
        var started = services.Time.GetTimestamp();
        while (true)
        {
            var version = (await table.RefreshAsync(cancellation)).Version;
            var files = await LogReader.LiveFilesAsync(store, version, cancellation);
            var runs = await WriteRunsAsync(plan, store, files.Values, services, cancellation);

            // Rows committed meanwhile would be missing: then all of it is done again on top of them.
            if (!await table.ReplaceIndexAsync(runs, version, cancellation)) continue;
            Log.IndexRebuilt(services.Logger, plan.Name, runs.Sum(r => r.Keys), files.Count, services.Time.GetElapsedTime(started).TotalSeconds);
            return;
        }
    }

    private static async Task<List<RunDescriptor>> WriteRunsAsync(DatasetPlan plan, IObjectStore store, IEnumerable<LogAction.Add> files, EngineServices services, CancellationToken cancellation)
    {
        var runs = new List<RunDescriptor>();
        var keys = new List<UInt128>();
        var contents = new List<UInt128>();
        var rows = new TableRows(plan);
        foreach (var file in files.OrderBy(f => f.Path, StringComparer.Ordinal))
        {
            await foreach (var records in rows.ReadAsync(store, file, cancellation))
            {
                keys.AddRange(records.Keys.AsSpan(0, records.Count));
                if (plan.Dedup.Mode == DedupMode.Identity) contents.AddRange(records.Contents.AsSpan(0, records.Count));
                if (keys.Count >= RunKeysMax) await FlushAsync();
            }
        }

        if (keys.Count > 0) await FlushAsync();
        return runs;

        async Task FlushAsync()
        {
            var (run, bytes) = RunWriter.Encode($"{services.Ids.Next():N}.run", System.Runtime.InteropServices.CollectionsMarshal.AsSpan(keys), System.Runtime.InteropServices.CollectionsMarshal.AsSpan(contents));
            await store.CreateUniqueAsync(IndexNames.Run(run.Name), bytes, cancellation);
            runs.Add(run);
            keys.Clear();
            contents.Clear();
        }
    }
}
