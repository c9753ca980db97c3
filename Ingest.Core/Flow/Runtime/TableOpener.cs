using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>Opens (or creates) every table of the catalog with its index, before anything is read from the source: some at once, for a store far away takes as long for each as for all of them.</summary>
internal static class TableOpener
{
    public static async Task<LaneSet> OpenAllAsync(EngineOptions options, Catalog catalog, EngineServices services, CacheSlot slot, ByteBudget budget, Signal signal, CancellationToken cancellation)
    {
        DatasetPlan[] plans = [.. catalog.Datasets, QuarantineDataset.Plan];
        var lanes = new TableLane?[plans.Length];
        using var rebuilding = new SemaphoreSlim(1);
        try
        {
            await Parallel.ForAsync(0, plans.Length, LaneSet.AtOnce(services.Scheduler, cancellation), async (i, token) =>
                lanes[i] = await OpenAsync(plans[i], options, services, slot, budget, catalog.Datasets.Length, rebuilding, token));
        }
        catch
        {
            foreach (var lane in lanes) lane?.Dispose();
            throw;
        }

        var jobs = new CommitJobServices(
            services.Files.EncodeAsync,
            services.Ids,
            services.Time,
            services.Scheduler,
            options.DecodeWorkers,
            new UploadSlots(),
            source => AppId.For(options.SourceName, source));
        return new LaneSet(lanes[..^1]!, lanes[^1]!, jobs, signal, Path.Combine(slot.Folder, "checkpoints"), services.Logger);
    }

    /// <summary>How a job creates objects under names of its own.</summary>
    internal static async ValueTask CreateUniqueAsync(IObjectStore store, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        if (await store.CreateUniqueAsync(name, content, cancellation) == CreateOutcome.AlreadyExists)
            throw new StoreException(StoreFault.Unknown, $"{name} is in the store with other content, although its name is ours alone.");
    }

    private static async Task<TableLane> OpenAsync(DatasetPlan plan, EngineOptions options, EngineServices services, CacheSlot slot, ByteBudget budget, int tables, SemaphoreSlim rebuilding, CancellationToken cancellation)
    {
        var store = new PrefixedStore(services.Pool, plan.Name);
        var table = await DeltaTable.OpenOrCreateAsync(store, TableSpecs.For(plan, options.CheckpointInterval), services.Ids, services.Time, cancellation);
        var cache = new LocalRunCache(Path.Combine(slot.Folder, table.Current.TableId), services.Ids);
        var index = await IndexOpener.OpenOrRebuildAsync(plan, store, table, cache, services, rebuilding, cancellation);
        Log.TableOpened(services.Logger, plan.Name, table.Current.Version, table.Current.LiveFiles, index.TotalKeys, table.Current.Index.Runs.Length);
        var merges = new IndexMerges(index, plan.Name, services.Time, services.Scheduler, services.Logger);
        return new TableLane(plan, store, new PrefixedStore(services.PoolBeside ?? services.Pool, plan.Name), table, index, merges, budget, services.Time, tables);
    }
}
