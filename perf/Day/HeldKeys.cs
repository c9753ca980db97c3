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
using Ingest.Perf.Workloads;

namespace Ingest.Perf.Day;

/// <summary>A table whose index holds so many keys already. The keys are random, and the files that the log names for them do not exist: nothing reads them.</summary>
internal static class HeldKeys
{
    /// <summary>What the log says of the size of such a file.</summary>
    public const int FileBytes = 1;

    private const int RunKeysMax = 10_000_000;

    public static async Task CreateAsync(Stage stage, long keys, CancellationToken cancellation)
    {
        var work = stage.Workload;
        var contract = Path.Combine(stage.Contracts, work.Dataset + ".yaml");
        var plan = CatalogLoader.Load([new ContractSource(contract, await File.ReadAllTextAsync(contract, cancellation).ConfigureAwait(false))]).Catalog!.Datasets[0];
        var store = new PrefixedStore(new LocalStore(Directory.CreateDirectory(stage.Output).FullName, IdSource.System), plan.Name);
        var table = await DeltaTable.OpenOrCreateAsync(store, TableSpecs.For(plan, 1000), IdSource.System, TimeProvider.System, cancellation).ConfigureAwait(false);
        var right = new CommitRight(new TopicPartition(work.Topic(0), 99), 0);
        var offset = 0L;
        for (var left = keys; left > 0; left -= RunKeysMax)
        {
            var count = (int)Math.Min(left, RunKeysMax);
            var (run, bytes) = RunWriter.Encode($"{IdSource.System.Next():N}.run", Keys(offset, count), []);
            await store.CreateUniqueAsync(IndexNames.Run(run.Name), bytes, cancellation).ConfigureAwait(false);
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
    }

    /// <summary>Uniform, and never twice: a permutation of the numbers in the upper half, a hash in the lower.</summary>
    private static UInt128[] Keys(long first, int count)
    {
        var keys = new UInt128[count];
        for (var i = 0; i < count; i++)
        {
            var n = unchecked((ulong)(first + i + 1) * 0x9E3779B97F4A7C15);
            n = (n ^ (n >> 32)) * 0xD6E8FEB86659FD93;
            keys[i] = new UInt128(n ^ (n >> 32), n * 0xBF58476D1CE4E5B9);
        }

        return keys;
    }
}
