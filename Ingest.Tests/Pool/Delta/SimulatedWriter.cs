using Ingest.Core;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;

namespace Ingest.Tests.Pool.Delta;

/// <summary>A worker reduced to what the log sees of it: reads where partitions stand, drops what the index holds, commits, and heeds the outcome.</summary>
internal sealed class SimulatedWriter(IObjectStore store, SimulatedWorld world, IdSource ids, TimeProvider time, Random random)
{
    public async Task RunAsync(int commits)
    {
        var table = await Commits.OpenAsync(store, ids, time);
        for (var i = 0; i < commits; i++) await CommitOneAsync(table);
    }

    private async Task CommitOneAsync(DeltaTable table)
    {
        var snapshot = await table.RefreshAsync(CancellationToken.None);
        var ranges = Enumerable.Range(0, SimulatedWorld.Partitions).Where(_ => random.Next(2) == 0).DefaultIfEmpty(0).Select(p =>
        {
            var from = snapshot.Txns.GetValueOrDefault(Commits.AppIdOf(Commits.Source(p)));
            return (Partition: p, From: from, To: from + 1 + random.Next(3));
        }).ToArray();
        var held = snapshot.Index.Runs.SelectMany(r => world.Runs[r.Name]).ToHashSet();
        var keys = ranges.SelectMany(r => SimulatedWorld.Keys(r.Partition, r.From, r.To)).Distinct().Where(k => !held.Contains(k)).ToArray();
        var deduplicatedAt = snapshot.Version;
        while (true)
        {
            var request = Request(ranges, keys, deduplicatedAt, snapshot);
            var outcome = await table.CommitAsync(request, Commits.AppIdOf, CancellationToken.None);
            world.Told.Add((request.TransactionId, outcome));
            if (outcome is not CommitOutcome.Overtaken overtaken) return;
            var taken = overtaken.NewRuns.SelectMany(r => world.Runs[r.Name]).ToHashSet();
            keys = [.. keys.Where(k => !taken.Contains(k))];
            deduplicatedAt = overtaken.Version;
        }
    }

    private CommitRequest Request((int Partition, long From, long To)[] ranges, UInt128[] keys, long deduplicatedAt, Snapshot snapshot)
    {
        var id = ids.Next();
        var run = keys.Length == 0 ? null : world.Write($"{id:N}.run", keys);
        var accounts = ranges.Select((r, i) => Commits.Account(r.Partition, r.From, r.To, i == 0 ? keys.Length : 0));
        return new CommitRequest
        {
            TransactionId = id,
            Files = run is null ? [] : [Commits.File(id, run)],
            Ranges = [.. accounts],
            Run = run,
            Merge = snapshot.Index.Runs.Length >= 2 && random.Next(2) == 0 ? Merge(snapshot) : null,
            DeduplicatedAt = deduplicatedAt,
            ContractHash = "contract-1",
        };
    }

    private RunMerge Merge(Snapshot snapshot)
    {
        var merged = snapshot.Index.Runs.Take(2).ToArray();
        return new RunMerge(merged, world.Write($"{ids.Next():N}.run", [.. merged.SelectMany(r => world.Runs[r.Name])]));
    }
}
