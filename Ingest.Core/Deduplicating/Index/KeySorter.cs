using System.Numerics;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// Sorts fingerprints with the rows they belong to, equal keys by row. Owns its buffers, which grow to the largest batch; not thread-safe.
/// </summary>
/// <remarks>Fingerprints are uniform, or are within their date: dealing them out by the first bits in which they differ leaves a few a bucket, and insertion sort
/// does the rest. A bucket that got many (of a date, when a stray one took up the bits) is dealt out again. Engineered keys end in a sort by comparison.</remarks>
internal sealed class KeySorter
{
    private const int InsertionMax = 48;

    /// <summary>Times that keys are dealt out: date, hash, and one to spare.</summary>
    private const int DepthMax = 3;

    private UInt128[] _keys = [];
    private int[] _rows = [];
    private UInt128[] _dealtKeys = [];
    private int[] _dealtRows = [];
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

        for (var i = 0; i < count; i++) (_keys[i], _rows[i]) = (source[rows[i]], rows[i]);
        SortBucket(0, count, 0);
        return (_keys.AsMemory(0, count), _rows.AsMemory(0, count));
    }

    private void SortBucket(int start, int count, int depth)
    {
        var keys = _keys.AsSpan(start, count);
        var rows = _rows.AsSpan(start, count);
        if (count <= InsertionMax)
        {
            SortByInsertion(keys, rows);
            return;
        }

        var (all, any) = (ulong.MaxValue, 0UL);
        foreach (ref readonly var key in keys) (all, any) = (all & KeyHalf.High(key), any | KeyHalf.High(key));
        if (all == any || depth == DepthMax)
        {
            SortByComparison(keys, rows);
            return;
        }

        var skip = BitOperations.LeadingZeroCount(all ^ any);
        var bits = Math.Min(Math.Clamp(BitOperations.Log2((uint)count) - 2, 1, depth == 0 ? 16 : 12), 64 - skip);
        if (depth == 0 && _ends.Length < 1 << bits) _ends = new int[1 << bits];
        Span<int> ends = depth == 0 ? _ends.AsSpan(0, 1 << bits) : stackalloc int[1 << bits];
        Deal(keys, rows, skip, bits, ends);
        var from = 0;
        foreach (var end in ends)
        {
            if (end - from > 1) SortBucket(start + from, end - from, depth + 1);
            from = end;
        }
    }

    private void Deal(Span<UInt128> keys, Span<int> rows, int skip, int bits, Span<int> ends)
    {
        if (_dealtKeys.Length < keys.Length)
        {
            _dealtKeys = new UInt128[_keys.Length];
            _dealtRows = new int[_keys.Length];
        }

        var shift = 64 - bits;
        ends.Clear();
        foreach (ref readonly var key in keys) ends[(int)(KeyHalf.High(key) << skip >> shift)]++;
        var sum = 0;
        foreach (ref var end in ends) (end, sum) = (sum, sum + end);
        for (var i = 0; i < keys.Length; i++)
        {
            var at = ends[(int)(KeyHalf.High(keys[i]) << skip >> shift)]++;
            _dealtKeys[at] = keys[i];
            _dealtRows[at] = rows[i];
        }

        _dealtKeys.AsSpan(0, keys.Length).CopyTo(keys);
        _dealtRows.AsSpan(0, keys.Length).CopyTo(rows);
    }

    private static void SortByInsertion(Span<UInt128> keys, Span<int> rows)
    {
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
