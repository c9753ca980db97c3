using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;

namespace Ingest.Core.Flow.Runtime;

/// <summary>Opens a table's index; rebuilds it from the table's files when it is missing, damaged, or does not agree with them. It never starts as if it were empty.</summary>
internal static class IndexOpener
{
    public static async Task<TableIndex> OpenOrRebuildAsync(DatasetPlan plan, IObjectStore store, DeltaTable table, LocalRunCache cache, EngineServices services, CancellationToken cancellation)
    {
        var hasContents = plan.Dedup.Mode == DedupMode.Identity;
        var why = Disagreement(table.Current);
        while (true)
        {
            if (why is not null)
            {
                Log.IndexRebuilding(services.Logger, plan.Name, why);
                await IndexRebuild.RunAsync(plan, store, table, services, cancellation);
            }

            try
            {
                return await TableIndex.OpenAsync(store, cache, hasContents, table.Current.Index.Runs, cancellation);
            }
            catch (IndexDamagedException damaged) when (why is null)
            {
                why = damaged.Message;
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
