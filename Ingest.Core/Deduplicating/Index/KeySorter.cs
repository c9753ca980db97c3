using System.Numerics;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// Sorts fingerprints with the rows they belong to, equal keys by row. Owns its buffers, which grow to the largest batch and go with it; not thread-safe.
/// </summary>
/// <remarks>Fingerprints are uniform, or are within their date: dealing them out by the first bits in which they differ leaves a few a bucket, and insertion sort
/// does the rest. A bucket that got many (of a date, when a stray one took up the bits) is dealt out again. Engineered keys end in a sort by comparison.</remarks>
internal sealed class KeySorter : IDisposable
{
    private const int InsertionMax = 48;

    /// <summary>Times that keys are dealt out: date, hash, and one to spare.</summary>
    private const int DepthMax = 3;

    private readonly NativeBuffer<UInt128> _keys = new();
    private readonly NativeBuffer<int> _rows = new();
    private readonly NativeBuffer<UInt128> _dealtKeys = new();
    private readonly NativeBuffer<int> _dealtRows = new();
    private int[] _ends = [];
    private int _count;

    /// <summary>The sorted keys, until the next sort.</summary>
    public ReadOnlySpan<UInt128> Keys => _keys.Values[.._count];

    /// <summary>The row of each of <see cref="Keys"/>, until the next sort.</summary>
    public ReadOnlySpan<int> Rows => _rows.Values[.._count];

    /// <summary>Sorts <c>source[row]</c> for the given rows, which ascend.</summary>
    public void Sort(ReadOnlySpan<UInt128> source, ReadOnlySpan<int> rows)
    {
        Begin(rows.Length);
        var keys = _keys.Values;
        var sorted = _rows.Values;
        for (var i = 0; i < rows.Length; i++) (keys[i], sorted[i]) = (source[rows[i]], rows[i]);
        SortBucket(0, _count, 0);
    }

    /// <summary>Sorts all keys; their rows are their indexes.</summary>
    public void Sort(ReadOnlySpan<UInt128> source)
    {
        Begin(source.Length);
        source.CopyTo(_keys.Values);
        var rows = _rows.Values;
        for (var i = 0; i < source.Length; i++) rows[i] = i;
        SortBucket(0, _count, 0);
    }

    public void Dispose()
    {
        _keys.Release();
        _rows.Release();
        _dealtKeys.Release();
        _dealtRows.Release();
        _count = 0;
    }

    private void Begin(int count)
    {
        _keys.Reserve(count);
        _rows.Reserve(count);
        _count = count;
    }

    private void SortBucket(int start, int count, int depth)
    {
        var keys = _keys.Values.Slice(start, count);
        var rows = _rows.Values.Slice(start, count);
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
        _dealtKeys.Reserve(_count);
        _dealtRows.Reserve(_count);
        var dealtKeys = _dealtKeys.Values;
        var dealtRows = _dealtRows.Values;
        var shift = 64 - bits;
        ends.Clear();
        foreach (ref readonly var key in keys) ends[(int)(KeyHalf.High(key) << skip >> shift)]++;
        var sum = 0;
        foreach (ref var end in ends) (end, sum) = (sum, sum + end);
        for (var i = 0; i < keys.Length; i++)
        {
            var at = ends[(int)(KeyHalf.High(keys[i]) << skip >> shift)]++;
            dealtKeys[at] = keys[i];
            dealtRows[at] = rows[i];
        }

        dealtKeys[..keys.Length].CopyTo(keys);
        dealtRows[..keys.Length].CopyTo(rows);
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
