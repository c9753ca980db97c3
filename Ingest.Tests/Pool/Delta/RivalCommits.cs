using System.Collections.Immutable;
using Ingest.Core;
using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Tests.Contracts;

namespace Ingest.Tests.Pool.Delta;

/// <summary>Commit requests without batches: files and index runs that exist in the log only.</summary>
internal static class RivalCommits
{
    public static readonly DatasetPlan Plan = Yaml.Catalog(Yaml.Cars("event_date: d", "name: d, type: date", "name: v, type: long")).Datasets[0];

    public static readonly TopicPartition Source = new("police.cars", 0);

    public static TableSpec Spec(DatasetPlan? plan = null, int checkpointInterval = 3) => TableSpecs.For(plan ?? Plan, checkpointInterval);

    public static string AppIdOf(TopicPartition source) => AppId.For("main", source);

    public static ValueTask<DeltaTable> OpenAsync(IObjectStore store, int seed = 1, DatasetPlan? plan = null, TimeProvider? time = null) =>
        DeltaTable.OpenOrCreateAsync(store, Spec(plan), new SeededIdSource(seed), time ?? TimeProvider.System, default);

    /// <summary>A commit of [from, to), one row an offset.</summary>
    public static CommitRequest Request(long from, long to, long deduplicatedAt, int id = 0, bool hasRun = true, TopicPartition? source = null, RunMerge? merge = null)
    {
        var rows = to - from;
        var key = (UInt128)(ulong)((from * 1000) + id + 1) << 64;
        var name = $"{(source ?? Source).Partition}-{from}-{to}-{id}";
        return new CommitRequest
        {
            TransactionId = new SeededIdSource(HashCode.Combine(name.GetHashCode(StringComparison.Ordinal), id)).Next(),
            Files = rows == 0 ? [] : [new DataFile($"department=police/event_date=2024-01-01/{name}.parquet", ["police", "2024-01-01"], 100, rows, key, $$"""{"numRecords":{{rows}}}""")],
            Ranges = [Account(from, to, source ?? Source)],
            Run = hasRun && rows > 0 ? new RunDescriptor(name + ".run", rows, key, 50) : null,
            Merge = merge,
            DeduplicatedAt = deduplicatedAt,
            ContractHash = "hash",
        };
    }

    public static RangeAccount Account(long from, long to, TopicPartition source) => new()
    {
        Right = new CommitRight(source, from),
        Department = "police",
        Range = new OffsetRange(from, to),
        Records = to - from,
        Written = to - from,
        Duplicates = 0,
        Quarantined = 0,
        PublishedUntilMs = 0,
    };

    public static ValueTask<CommitOutcome> CommitAsync(this DeltaTable table, CommitRequest request) => table.CommitAsync(request, AppIdOf, default);

    /// <summary>Commits [0, 10), [10, 20) and so on, without a checkpoint.</summary>
    public static async Task CommitManyAsync(this DeltaTable table, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var from = table.Current.Txns.GetValueOrDefault(AppIdOf(Source));
            Assert.IsType<CommitOutcome.Committed>(await table.CommitAsync(Request(from, from + 10, table.Current.Version)));
        }
    }

    /// <summary>All of a snapshot that must not depend on how it was read.</summary>
    public static string Show(Snapshot? s) => s is null ? "none" : string.Join('\n',
        s.Version, s.TableId, s.Metadata!.SchemaString, s.Protocol!.MinWriterVersion, string.Join(',', s.Txns.OrderBy(t => t.Key, StringComparer.Ordinal)), s.LiveFiles, s.LiveRows, s.LiveBytes, s.KeySum,
        s.HasUntaggedFiles, s.LastTimestamp, s.Index.IsKnown, string.Join(',', s.Index.Runs), s.Index.TotalKeys, s.Index.TotalSum);
}
