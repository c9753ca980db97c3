using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>
/// Over how many partitions of the table the rows of a chunk are spread. A transfer is taken whole, and each partition that it touches is open until its commit and becomes a file: one whose dates are
/// birthdays, or rubbish, must not cost a gigabyte. Not thread-safe.
/// </summary>
internal sealed class PartitionSpread(DatasetPlan plan)
{
    /// <summary>Partitions of a table that one transfer may touch: 45 years of days.</summary>
    public const int PerTransferMax = 16_384;

    /// <summary>Kinds, districts: so many are few.</summary>
    private const int CountedMax = 256;

    private readonly int[] _columns = [.. plan.Partitioning.Where(p => p.Kind == PartitionKind.Column).Select(p => p.Column)];
    private readonly bool _byDate = plan.Partitioning.Any(p => p.Kind == PartitionKind.EventDate);
    private readonly HashSet<ulong> _touched = [];

    /// <summary>Says how many partitions the rows touch at most, and refuses those of a transfer that lie in more than it may touch.</summary>
    public void Limit(NormalizedRecords rows, RowFaults faults)
    {
        rows.PartitionsAtMost = AtMost(rows, 0, rows.Count);
        if (rows.PartitionsAtMost <= PerTransferMax) return;
        for (var from = 0; from < rows.Count;)
        {
            var to = from + 1;
            while (to < rows.Count && rows.Transfer[to] == rows.Transfer[from]) to++;
            if (to - from > PerTransferMax && AtMost(rows, from, to) > PerTransferMax) Limit(rows, from, to, faults);
            from = to;
        }
    }

    /// <summary>Never too few: of dates it is known between which they lie; others are counted, as long as they are few.</summary>
    private int AtMost(NormalizedRecords rows, int from, int to)
    {
        if (_columns.Length > 0) return Counted(rows, from, to);
        if (!_byDate) return Math.Min(1, to - from);
        var (least, greatest, nulls) = (int.MaxValue, int.MinValue, 0);
        var dates = rows.EventDate.Values.AsSpan(from, to - from);
        var valid = rows.EventDate.Valid.AsSpan(from, to - from);
        for (var row = 0; row < dates.Length; row++)
        {
            if (valid[row] == 0)
            {
                nulls = 1;
                continue;
            }

            least = Math.Min(least, dates[row]);
            greatest = Math.Max(greatest, dates[row]);
        }

        return (int)Math.Min(to - from, (least > greatest ? 0 : (long)greatest - least + 1) + nulls);
    }

    private int Counted(NormalizedRecords rows, int from, int to)
    {
        _touched.Clear();
        for (var row = from; row < to; row++)
        {
            if (_touched.Add(PartitionOf(rows, row)) && _touched.Count > CountedMax) return to - from;
        }

        return _touched.Count;
    }

    private void Limit(NormalizedRecords rows, int from, int to, RowFaults faults)
    {
        _touched.Clear();
        var column = plan.Partitioning.First(p => p.Kind != PartitionKind.Department) is { Kind: PartitionKind.Column } first ? first.Column : plan.EventDateColumn;
        for (var row = from; row < to; row++)
        {
            if (faults.Reason(row) != ReasonCode.None) continue;
            var partition = PartitionOf(rows, row);
            if (_touched.Count < PerTransferMax) _touched.Add(partition);
            else if (!_touched.Contains(partition)) faults.Refuse(row, column, ReasonCode.TooManyPartitions);
        }
    }

    /// <summary>A hash that is the same in each process, so that each refuses the same rows. Two partitions that are taken for one do no harm here: one more is open.</summary>
    private ulong PartitionOf(NormalizedRecords rows, int row)
    {
        var hash = _byDate && rows.EventDate.Valid[row] != 0 ? Mixed(1, (uint)rows.EventDate.Values[row]) : 0;
        foreach (var column in _columns)
        {
            var vector = rows.Columns[column];
            hash = vector.Valid[row] == 0 ? Mixed(hash, 0) : vector switch
            {
                BytesVector bytes => Mixed(Mixed(hash, 1), bytes[row]),
                FixedVector<int> whole => Mixed(Mixed(hash, 1), (uint)whole.Values[row]),
                FixedVector<long> whole => Mixed(Mixed(hash, 1), (ulong)whole.Values[row]),
                FixedVector<Int128> wide => Mixed(Mixed(hash, (ulong)wide.Values[row]), (ulong)(wide.Values[row] >> 64)),
                FixedVector<double> real => Mixed(Mixed(hash, 1), BitConverter.DoubleToUInt64Bits(real.Values[row])),
                FixedVector<byte> flag => Mixed(Mixed(hash, 1), flag.Values[row]),
                var other => throw new InvalidOperationException($"Nothing is partitioned by a {other.GetType().Name}."),
            };
        }

        return hash;
    }

    private static ulong Mixed(ulong hash, ReadOnlySpan<byte> value)
    {
        foreach (var b in value) hash = (hash ^ b) * 0x100000001B3;
        return Mixed(hash, (uint)value.Length);
    }

    private static ulong Mixed(ulong hash, ulong value)
    {
        hash = (hash ^ value) * 0x9E3779B97F4A7C15;
        return hash ^ (hash >> 32);
    }
}
