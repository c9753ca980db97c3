using System.Globalization;
using Ingest.Core;
using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Perf.Compare;
using Ingest.Perf.Index;
using Ingest.Perf.Workloads;

namespace Ingest.Perf.Day;

/// <summary>
/// A table whose index holds so many keys already, of the last 400 days, the workload's own among them, in the runs that commits of a backlog and their merges leave behind. The files that the
/// log names for them do not exist: nothing reads them.
/// </summary>
internal static class HeldKeys
{
    /// <summary>What the log says of the size of such a file.</summary>
    public const int FileBytes = 1;

    private const int Dates = 400, KeysPerCommit = 500_000;

    public static async Task CreateAsync(Stage stage, long keys, CancellationToken cancellation)
    {
        var work = stage.Workload;
        var contract = Path.Combine(stage.Contracts, work.Dataset + ".yaml");
        var plan = CatalogLoader.Load([new ContractSource(contract, await File.ReadAllTextAsync(contract, cancellation).ConfigureAwait(false))]).Catalog!.Datasets[0];
        var store = new PrefixedStore(new LocalStore(Directory.CreateDirectory(stage.Output).FullName, IdSource.System), plan.Name);
        var table = await DeltaTable.OpenOrCreateAsync(store, TableSpecs.For(plan, 1000), IdSource.System, TimeProvider.System, cancellation).ConfigureAwait(false);
        var right = new CommitRight(new TopicPartition(work.Topic(0), 99), 0);
        var offset = 0L;
        var space = new KeySpace(keys, Dates, carryDates: true, firstDay: Workload.LastDay - Dates + 1);
        var folder = Directory.CreateDirectory(stage.Output + "-fill").FullName;
        foreach (var run in IndexFill.Write(space, new MergeHistory(space.AllKeys, KeysPerCommit), folder))
        {
            await RunObjects.CreateAsync(store, Path.Combine(folder, run.Name), run, cancellation).ConfigureAwait(false);
            var count = (int)run.Keys;
            var account = new RangeAccount
            {
                Right = right,
                Department = Workload.Department(0),
                Range = new OffsetRange(offset, offset + count),
                Records = count,
                Written = count,
                Duplicates = 0,
                Quarantined = 0,
                PublishedUntilMs = 0,
            };
            var id = IdSource.System.Next();
            var file = new DataFile($"department=d00/event_date=2020-01-01/part-{id:N}.parquet", ["d00", "2020-01-01"], FileBytes, count, run.Sum, string.Create(CultureInfo.InvariantCulture, $"{{\"numRecords\":{count}}}"));
            var request = new CommitRequest { TransactionId = id, Files = [file], Ranges = [account], Run = run, ContractHash = plan.ContractHash, DeduplicatedAt = table.Current.Version };
            if (await table.CommitAsync(request, s => AppId.For("kafka", s), cancellation).ConfigureAwait(false) is not CommitOutcome.Committed) throw new ContestException("The keys could not be committed.");
            offset += count;
        }

        Directory.Delete(folder, recursive: true);
    }
}
