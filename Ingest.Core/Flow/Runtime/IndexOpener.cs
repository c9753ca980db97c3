using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;

namespace Ingest.Core.Flow.Runtime;

/// <summary>Opens a table's index; rebuilds it from the table's files when it is missing, damaged, or does not agree with them. It never starts as if it were empty.</summary>
internal static class IndexOpener
{
    /// <param name="rebuilding">Held while an index is rebuilt, where several tables are opened at once: each takes the memory that one may. Null: there is no other.</param>
    public static async Task<TableIndex> OpenOrRebuildAsync(
        DatasetPlan plan, IObjectStore store, DeltaTable table, LocalRunCache cache, EngineServices services, SemaphoreSlim? rebuilding, CancellationToken cancellation)
    {
        var hasContents = plan.Dedup.Mode == DedupMode.Identity;
        var options = RebuildOptions.In(Path.Combine(Path.GetDirectoryName(cache.Folder)!, "rebuild"));
        var why = Disagreement(table.Current);
        var damagedRun = "";
        var rebuilt = false;
        while (true)
        {
            if (why is not null)
            {
                await (rebuilding?.WaitAsync(cancellation) ?? Task.CompletedTask);
                try
                {
                    Log.IndexRebuilding(services.Logger, plan.Name, why);

                    // Of several workers that find it so, the first to be done mends it for all.
                    await new IndexRebuild(plan, store, table, options, services).RunAsync(
                        tip => Disagreement(tip) is not null || tip.Index.Runs.Any(r => r.Name == damagedRun), cancellation);
                    (why, rebuilt) = (null, true);
                }
                finally
                {
                    rebuilding?.Release();
                }
            }

            try
            {
                var runs = table.Current.Index.Runs;
                Mutation.Set(Bug.StartsIndexEmpty, ref runs, []);
                return await TableIndex.OpenAsync(store, cache, hasContents, runs, cancellation);
            }
            catch (IndexDamagedException damaged) when (!rebuilt)
            {
                (why, damagedRun) = (damaged.What, damaged.Run);
            }
        }
    }

    /// <summary>The standing proof: as many fingerprints as rows, with the same sum; null when it holds.</summary>
    public static string? Disagreement(Snapshot snapshot)
    {
        var index = snapshot.Index;
        if (!index.IsKnown) return index.Why ?? "the log does not tell which runs are valid";
        if (!snapshot.HasUncountedFiles && index.TotalKeys != snapshot.LiveRows) return $"it holds {index.TotalKeys} fingerprints and the table {snapshot.LiveRows} rows";
        if (snapshot.HasUntaggedFiles) return null; // files of another writer carry no sums; pool verify --index reads them
        return index.TotalSum == snapshot.KeySum ? null : "the sum of its fingerprints is not that of the table's rows";
    }
}
