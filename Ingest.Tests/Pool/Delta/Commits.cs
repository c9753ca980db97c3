using System.Collections.Immutable;
using Ingest.Core;
using Ingest.Core.Batching;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Pool.Delta;

/// <summary>A small table and requests to it, for tests of the log alone: the files that they name need not exist.</summary>
internal static class Commits
{
    public const string Schema =
        """{"type":"struct","fields":[{"name":"plate","type":"string","nullable":true,"metadata":{}},{"name":"department","type":"string","nullable":true,"metadata":{}}]}""";

    public static TableSpec Spec { get; } = new("vehicles", "Vehicles of the city", Schema, ["department"], "v1 content(plate)", 3);

    public static string AppIdOf(TopicPartition source) => AppId.For("kafka", source);

    public static TopicPartition Source(int partition) => new("vehicles", partition);

    public static ValueTask<DeltaTable> OpenAsync(IObjectStore store, IdSource ids, TimeProvider time, TableSpec? spec = null) =>
        DeltaTable.OpenOrCreateAsync(store, spec ?? Spec, ids, time, CancellationToken.None);

    /// <summary>A request that moves one partition and adds one file with these keys (none: offsets move without rows).</summary>
    public static CommitRequest Request(Guid id, int partition, long from, long to, long deduplicatedAt, params UInt128[] keys)
    {
        var run = keys.Length == 0 ? null : Run($"{id:N}.run", keys);
        return new CommitRequest
        {
            TransactionId = id,
            Files = run is null ? [] : [File(id, run)],
            Ranges = [Account(partition, from, to, keys.Length)],
            Run = run,
            DeduplicatedAt = deduplicatedAt,
            ContractHash = "contract-1",
        };
    }

    public static RangeAccount Account(int partition, long from, long to, long written) => new()
    {
        Right = new CommitRight(Source(partition), from),
        Department = "traffic",
        Range = new OffsetRange(from, to),
        Records = written + 1,
        Written = written,
        Duplicates = 1,
        Quarantined = 0,
        PublishedUntilMs = to,
    };

    public static DataFile File(Guid id, RunDescriptor run) =>
        new($"department=traffic/part-{id:N}.parquet", ["traffic"], 1000 + run.Keys, run.Keys, run.Sum, $$"""{"numRecords":{{run.Keys}}}""");

    public static RunDescriptor Run(string name, params UInt128[] keys) => new(name, keys.Length, keys.Aggregate(UInt128.Zero, (s, k) => s + k), 16 * keys.Length);

    public static CommitOutcome.Committed Committed(CommitOutcome outcome) => Assert.IsType<CommitOutcome.Committed>(outcome);

    /// <summary>Commits one range after another in one partition, one key each.</summary>
    public static async Task FillAsync(DeltaTable table, IdSource ids, int commits, int partition = 0)
    {
        for (var i = 0; i < commits; i++)
        {
            var from = table.Current.Txns.GetValueOrDefault(AppIdOf(Source(partition)));
            var request = Request(ids.Next(), partition, from, from + 2, table.Current.Version, (UInt128)(ulong)(1000 * partition + from + 1));
            Committed(await table.CommitAsync(request, AppIdOf, CancellationToken.None));
        }
    }

    /// <summary>All that a snapshot says, as text that can be compared.</summary>
    public static string Text(Snapshot s) => string.Join("\n",
        s.Version, s.TableId, s.Protocol, s.Metadata!.SchemaString, string.Join(",", s.Metadata.PartitionColumns), s.LastTimestamp, s.LiveFiles, s.LiveRows, s.LiveBytes, s.KeySum, s.HasUntaggedFiles,
        string.Join(",", s.Txns.OrderBy(t => t.Key, StringComparer.Ordinal)), s.Index.IsKnown, s.Index.TotalKeys, s.Index.TotalSum, string.Join(",", s.Index.Runs.Select(r => r.ToString())));
}
