using System.Collections.Immutable;
using Apache.Arrow;
using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Core.Batching;

/// <summary>
/// The fifth state of the data: Arrow batches, one a table partition, that become one commit of one table, with the offsets they cover
/// and the account of every record read in those offsets. Immutable. Owns its lease.
/// </summary>
public sealed class SealedBatch : IDisposable
{
    public required DatasetPlan Plan { get; init; }

    public required ImmutableArray<PartitionBatch> Partitions { get; init; }

    /// <summary>What was read, per topic-partition; at least one, also when no row came of it.</summary>
    public required ImmutableArray<RangeAccount> Ranges { get; init; }

    public required ByteLease Lease { get; init; }

    public int RowCount => Partitions.Sum(p => p.RowCount);

    public void Dispose()
    {
        foreach (var partition in Partitions) partition.Dispose();
        Lease.Dispose();
    }
}

/// <summary>The new rows of one table partition.</summary>
/// <param name="Values">Partition values in the plan's partitioning order, as text; null for null.</param>
/// <param name="Batch">Arrow columns: the contract's columns except those that partition the table, the department if it does not, then <see cref="SystemColumns.Stored"/>.</param>
/// <param name="Keys">Fingerprint of each row, in row order.</param>
/// <param name="Contents">Identity mode: content fingerprint of each row; else empty.</param>
/// <param name="Ranges">For each row the ordinal of its entry in <see cref="SealedBatch.Ranges"/>.</param>
public sealed record PartitionBatch(ImmutableArray<string?> Values, RecordBatch Batch, UInt128[] Keys, UInt128[] Contents, ushort[] Ranges) : IDisposable
{
    /// <summary>The pooled buffers under <see cref="Batch"/>; null when it has arrays of its own.</summary>
    internal PartitionMemory? Memory { get; init; }

    public int RowCount => Batch.Length;

    /// <summary>What the rows weigh.</summary>
    public long Bytes => (Memory?.Bytes ?? Batch.Arrays.Sum(a => BytesOf(a.Data))) + (Keys.Length * 16L);

    /// <summary>Gives the buffers back: nothing may read the batch any more.</summary>
    public void Dispose()
    {
        Batch.Dispose();
        Memory?.Dispose();
    }

    private static long BytesOf(ArrayData data) => data.Buffers.Sum(b => (long)b.Length) + (data.Children?.Sum(BytesOf) ?? 0);
}

/// <summary>Owner of the buffers of one partition's columns. Disposing it twice gives them back once.</summary>
internal sealed class PartitionMemory(ColumnAppender[] columns) : IDisposable
{
    private ColumnAppender[]? _columns = columns;

    /// <summary>What the buffers weigh; 0 once they are given back. What columns share with others is nobody's.</summary>
    public long Bytes => _columns?.Sum(c => c.Bytes) ?? 0;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _columns, null) is not { } owned) return;
        foreach (var column in owned) column.Release();
    }
}

/// <summary>The account of one offset range in one table: Records = Written + Duplicates + Quarantined, always.</summary>
public sealed record RangeAccount
{
    public required CommitRight Right { get; init; }

    public TopicPartition Source => Right.Source;

    public required string Department { get; init; }

    public required OffsetRange Range { get; init; }

    /// <summary>Records of this dataset found in the range.</summary>
    public required long Records { get; init; }

    public required long Written { get; init; }

    public required long Duplicates { get; init; }

    public required long Quarantined { get; init; }

    /// <summary>Kafka timestamp (ms since 1970 UTC) of the newest transfer in the range; 0 when unknown.</summary>
    public required long PublishedUntilMs { get; init; }

    /// <summary>Kafka timestamp of the oldest transfer in the range; 0 when unknown.</summary>
    public long PublishedFromMs { get; init; }

    /// <summary>How far timestamps go back within the range, at most, in milliseconds.</summary>
    public long LateMs { get; init; }

    /// <summary>The same account by the hour in which transfers were published; empty where that is not kept.</summary>
    public ImmutableArray<PublishedHour> Hours { get; init; } = [];
}
