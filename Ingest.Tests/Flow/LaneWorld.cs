using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Tests.EndToEnd;
using Ingest.Tests.Stores;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Flow;

/// <summary>One table in memory and lanes of it, as several workers have them: for tests of a lane without the loop around it.</summary>
internal sealed class LaneWorld : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly IdSource _ids = new SeededIdSource(5);
    private int _lanes;

    public static TopicPlan Topic { get; } = City.Load(City.Contract).Topics[City.Topic];

    public static DatasetPlan Plan => Topic.Datasets[0].Plan;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero));

    public IObjectStore Store => field ??= new MemoryStore(Time);

    /// <summary>What commit jobs of a replay need.</summary>
    public CommitJobServices Jobs => field ??= new CommitJobServices(DataFileFormat.Parquet.EncodeAsync, _ids, Time, TaskScheduler.Default, 1, new UploadSlots(), source => AppId.For(AppId.Replay("kafka"), source));

    /// <summary>Another worker's view of the table's log.</summary>
    public async Task<DeltaTable> TableAsync() => await DeltaTable.OpenOrCreateAsync(Store, TableSpecs.For(Plan, int.MaxValue), _ids, Time, CancellationToken.None);

    /// <param name="store">How this worker reaches the store.</param>
    public async Task<TableLane> OpenAsync(IObjectStore? store = null)
    {
        var own = store ?? Store;
        var table = await DeltaTable.OpenOrCreateAsync(own, TableSpecs.For(Plan, int.MaxValue), _ids, Time, CancellationToken.None);
        var cache = new LocalRunCache(Path.Combine(_folder.Path, $"{_lanes++}"), _ids);
        var index = await TableIndex.OpenAsync(own, cache, hasContents: false, table.Current.Index.Runs, CancellationToken.None);
        return new TableLane(Plan, own, own, table, index, new IndexMerges(index, Plan.Name, Time, TaskScheduler.Default, NullLogger.Instance), new ByteBudget(long.MaxValue), Time);
    }

    /// <summary>A commit that adds one row, which no file holds; the run that knows it is in the store.</summary>
    public async Task<RunDescriptor> CommitAsync(DeltaTable table, int partition, UInt128 key)
    {
        await table.RefreshAsync(CancellationToken.None);
        var (run, bytes) = RunWriter.Encode($"{_ids.Next():N}.run", [key], []);
        await Store.CreateUniqueAsync(IndexNames.Run(run.Name), bytes, CancellationToken.None);
        var from = table.Current.Txns.GetValueOrDefault(Pool.Delta.Commits.AppIdOf(Pool.Delta.Commits.Source(partition)));
        var request = Pool.Delta.Commits.Request(_ids.Next(), partition, from, from + 1, table.Current.Version, key) with { Run = run };
        Assert.IsType<CommitOutcome.Committed>(await table.CommitAsync(request, Pool.Delta.Commits.AppIdOf, CancellationToken.None));
        return run;
    }

    /// <summary>Merges runs, and deletes them, as vacuum does a week later.</summary>
    /// <param name="keys">All that they hold, ascending.</param>
    public async Task<RunDescriptor> MergeAsync(DeltaTable table, RunDescriptor[] runs, UInt128[] keys)
    {
        var (merged, bytes) = RunWriter.Encode($"{_ids.Next():N}.run", keys, []);
        await Store.CreateUniqueAsync(IndexNames.Run(merged.Name), bytes, CancellationToken.None);
        var merge = new RunMerge(runs, merged);
        var request = new CommitRequest { TransactionId = _ids.Next(), Files = [], Ranges = [], Run = null, Merge = merge, DeduplicatedAt = table.Current.Version, ContractHash = "" };
        Assert.IsType<CommitOutcome.Committed>(await table.CommitAsync(request, Pool.Delta.Commits.AppIdOf, CancellationToken.None));
        foreach (var old in runs) await Store.DeleteAsync(IndexNames.Run(old.Name), CancellationToken.None);
        return merged;
    }

    public void Dispose() => _folder.Dispose();
}
