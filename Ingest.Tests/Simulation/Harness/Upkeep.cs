using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Housekeeping;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>
/// After a history: weeks later everything is sealed, and what is old is deleted, as <c>pool compact --all</c>, <c>pool vacuum --delete</c> and the cleaning of the log do. Nothing that went
/// wrong before may stand in the way of that; a glob then shows each row, and what is left of the log still says all that it must.
/// </summary>
internal static class Upkeep
{
    public static void Run(World world, ObjectServer server, SimulationSetting setting, string folder)
    {
        world.Leap(TimeSpan.FromDays(40));
        SimulatedHistory.Operate(world, "Sealing everything", async clock =>
        {
            var ids = new SeededIdSource(world.Random.Next());
            foreach (var plan in SimulatedCity.Catalog.Datasets.Append(QuarantineDataset.Plan))
            {
                var store = new PrefixedStore(new StoreClient(server), plan.Name);
                var services = new SealerServices(Path.Combine(folder, "upkeep"), ids, clock, Throttle.None(clock), NullLogger.Instance) { Files = setting.Files };
                var sealer = new TableSealer(plan, store, services, setting.Housekeeping.Sealing);
                while (await sealer.RunOnceAsync(SealScope.All, CancellationToken.None) is not null)
                {
                    // One plan after the other.
                }
            }
        });
        if (world.Failure is null) Clean(world, server, setting, folder);
        if (world.Failure is not null) return;
        foreach (var plan in SimulatedCity.Catalog.Datasets.Append(QuarantineDataset.Plan)) Check(world, server, server.WatchOf(plan.Name));
    }

    /// <summary>Deletes what is old.</summary>
    public static void Clean(World world, ObjectServer server, SimulationSetting setting, string folder) => SimulatedHistory.Operate(world, "Cleaning", async clock =>
    {
        var (work, ids) = (Path.Combine(folder, "upkeep"), new SeededIdSource(world.Random.Next()));
        foreach (var watch in server.Watches.Where(w => w.Log.Version >= 0))
        {
            var store = new PrefixedStore(new StoreClient(server), watch.Table);
            await Vacuum.RunAsync(store, setting.Housekeeping.FileRetention, delete: true, ids, clock, work, null, CancellationToken.None);
            await LogCleanup.RunAsync(store, setting.Housekeeping.LogRetention, clock.GetUtcNow(), work, CancellationToken.None);
        }
    });

    private static void Check(World world, ObjectServer server, TableWatch watch)
    {
        var rows = watch.Log.Files.Values.Sum(f => f.Rows);
        if (watch.ShownRows != rows) world.Fail($"{watch.Table}: all is sealed, and a glob shows {watch.ShownRows} of {rows} rows");

        // What the service makes of the rest of the log, against what all of its entries said. Nothing is waited for: the view answers at once.
        var left = LogReader.LoadAsync(new PlainView(server, watch.Table + "/"), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        if (left is null || left.Version != watch.Log.Version || left.LiveFiles != watch.Log.Files.Count || left.LiveRows != rows || left.Index.TotalKeys != rows
            || left.Txns.Count != watch.Log.Offsets.Count || left.Txns.Any(t => watch.Log.Offsets.GetValueOrDefault(t.Key) != t.Value))
            world.Fail($"{watch.Table}: what is left of the log says {left?.Version}, {left?.LiveFiles} files, {left?.LiveRows} rows, and its entries said {watch.Log.Version}, {watch.Log.Files.Count} files, {rows} rows");
    }
}
