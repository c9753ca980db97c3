using System.Numerics;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// Sorts fingerprints with the rows they belong to, equal keys by row. Owns its buffers, which grow to the largest batch; not thread-safe.
/// </summary>
/// <remarks>Fingerprints are uniform, so one pass that deals them out by their top bits leaves a few a bucket; insertion sort does the rest.
/// Keys that are not uniform (engineered ones) land in few buckets, which are then sorted by comparison.</remarks>
internal sealed class KeySorter
{
    private const int InsertionMax = 48;

    private UInt128[] _keys = [];
    private int[] _rows = [];
    private int[] _ends = [];

    /// <summary>Sorts <c>source[row]</c> for the given rows, which ascend. The spans are valid until the next call.</summary>
    public (ReadOnlyMemory<UInt128> Keys, ReadOnlyMemory<int> Rows) Sort(ReadOnlySpan<UInt128> source, ReadOnlySpan<int> rows)
    {
        var count = rows.Length;
        if (_keys.Length < count)
        {
            _keys = new UInt128[Math.Max(count, 256)];
            _rows = new int[_keys.Length];
        }

        var bits = Math.Clamp(BitOperations.Log2((uint)count | 1) - 2, 1, 16);
        Deal(source, rows, bits);
        var start = 0;
        for (var bucket = 0; bucket < 1 << bits; bucket++)
        {
            var end = _ends[bucket];
            if (end - start > 1) SortBucket(_keys.AsSpan(start, end - start), _rows.AsSpan(start, end - start));
            start = end;
        }

        return (_keys.AsMemory(0, count), _rows.AsMemory(0, count));
    }

    private void Deal(ReadOnlySpan<UInt128> source, ReadOnlySpan<int> rows, int bits)
    {
        var shift = 64 - bits;
        if (_ends.Length < 1 << bits) _ends = new int[1 << bits];
        var ends = _ends.AsSpan(0, 1 << bits);
        ends.Clear();
        foreach (var row in rows) ends[(int)(KeyHalf.High(source[row]) >> shift)]++;
        var sum = 0;
        foreach (ref var end in ends) (end, sum) = (sum, sum + end);
        var keys = _keys.AsSpan();
        var sorted = _rows.AsSpan();
        foreach (var row in rows)
        {
            var key = source[row];
            var at = ends[(int)(KeyHalf.High(key) >> shift)]++;
            keys[at] = key;
            sorted[at] = row;
        }
    }

    private static void SortBucket(Span<UInt128> keys, Span<int> rows)
    {
        if (keys.Length > InsertionMax)
        {
            SortByComparison(keys, rows);
            return;
        }

        for (var i = 1; i < keys.Length; i++)
        {
            var (key, row) = (keys[i], rows[i]);
            var at = i;
            for (; at > 0 && keys[at - 1] > key; at--) (keys[at], rows[at]) = (keys[at - 1], rows[at - 1]);
            (keys[at], rows[at]) = (key, row);
        }
    }

    /// <summary>Not a stable sort, so the rows of equal keys are put in order afterwards.</summary>
    private static void SortByComparison(Span<UInt128> keys, Span<int> rows)
    {
        keys.Sort(rows);
        var first = 0;
        for (var i = 1; i <= keys.Length; i++)
        {
            if (i < keys.Length && keys[i] == keys[first]) continue;
            if (i - first > 1) rows[first..i].Sort();
            first = i;
        }
    }
}
