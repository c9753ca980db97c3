using System.Runtime.CompilerServices;
using Ingest.Core.Deduplicating;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Pool.Parquet;

/// <summary>Rows of one partition in memory, to be sorted by a table's sort columns, and by fingerprint where those are equal: a total order, for no two rows of a table share one.</summary>
public sealed class SortedRows(StoredTable table)
{
    private readonly Fingerprinter _keys = new(table.Rows);
    private readonly Fingerprinter _whole = new(table.Whole);
    private int[] _order = [];

    public NormalizedRecords Records { get; } = new(table.Rows);

    /// <summary>What the rows weigh, about.</summary>
    public long Bytes
    {
        get
        {
            var bytes = Records.Count * 64L; // fingerprint, order, places
            foreach (var column in Records.Columns) bytes += Weight(column);
            return bytes + Weight(Records.Rescued);
        }
    }

    /// <summary>Computes the fingerprints of the rows from <paramref name="from"/> on, and what they add up to.</summary>
    /// <param name="department">The rows' department, unless they store their own; it is part of a fingerprint.</param>
    public RowSums Fingerprint(int from, string department)
    {
        _whole.Fingerprint(Records, department, from);
        var whole = Sum(from);
        _keys.Fingerprint(Records, department, from);
        return new RowSums(Records.Count - from, Sum(from), whole);
    }

    /// <summary>The rows' numbers in order.</summary>
    public ReadOnlyMemory<int> Sort()
    {
        var count = Records.Count;
        if (_order.Length < count) _order = new int[Math.Max(count, _order.Length * 2)];
        for (var i = 0; i < count; i++) _order[i] = i;
        _order.AsSpan(0, count).Sort((a, b) => Compare(table, Records, a, Records, b));
        return _order.AsMemory(0, count);
    }

    public void Clear() => Records.Clear();

    /// <summary>Compares rows of any two sets; nulls come first.</summary>
    public static int Compare(StoredTable table, NormalizedRecords left, int a, NormalizedRecords right, int b)
    {
        foreach (var ordinal in table.SortOrdinals)
        {
            var (x, y) = (left.Columns[ordinal], right.Columns[ordinal]);
            var order = x.Valid[a] != y.Valid[b] ? x.Valid[a] - y.Valid[b] : x.Valid[a] == 0 ? 0 : CompareValues(x, a, y, b);
            if (order != 0) return order;
        }

        return left.Keys[a].CompareTo(right.Keys[b]);
    }

    private static int CompareValues(ColumnVector x, int a, ColumnVector y, int b) => (x, y) switch
    {
        (FixedVector<long> l, FixedVector<long> r) => l.Values[a].CompareTo(r.Values[b]),
        (FixedVector<int> l, FixedVector<int> r) => l.Values[a].CompareTo(r.Values[b]),
        (BytesVector l, BytesVector r) => l[a].SequenceCompareTo(r[b]),
        (FixedVector<Int128> l, FixedVector<Int128> r) => l.Values[a].CompareTo(r.Values[b]),
        (FixedVector<double> l, FixedVector<double> r) => l.Values[a].CompareTo(r.Values[b]),
        (FixedVector<byte> l, FixedVector<byte> r) => l.Values[a].CompareTo(r.Values[b]),
        _ => throw new InvalidOperationException($"No order between {x.GetType()} and {y.GetType()}."),
    };

    private UInt128 Sum(int from)
    {
        var sum = UInt128.Zero;
        foreach (var key in Records.Keys.AsSpan(from, Records.Count - from)) sum += key;
        return sum;
    }

    internal static long Weight(ColumnVector vector) => vector.Count + vector switch
    {
        BytesVector bytes => bytes.Offsets[bytes.Count] + (bytes.Count * 4L),
        FixedVector<int> => vector.Count * 4L,
        FixedVector<long> or FixedVector<double> => vector.Count * 8L,
        FixedVector<Int128> => vector.Count * (long)Unsafe.SizeOf<Int128>(),
        _ => vector.Count,
    };
}

/// <summary>What does not depend on the order of rows, nor on the files they are in: their number, and sums modulo 2^128.</summary>
/// <param name="Keys">Of the fingerprints that tell records apart, as in the index.</param>
/// <param name="Whole">Of fingerprints over every stored column.</param>
public readonly record struct RowSums(long Rows, UInt128 Keys, UInt128 Whole)
{
    public static RowSums operator +(RowSums a, RowSums b) => new(a.Rows + b.Rows, a.Keys + b.Keys, a.Whole + b.Whole);
}
