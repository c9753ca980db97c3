namespace Ingest.Core.Normalizing;

/// <summary>
/// Sorts the fields of one object; equal ones stay as they came. A few are inserted one by one, in place. Of many the order of the last ones is tried first, because consecutive records have
/// mostly the same fields and rows of CSV those of their header: then each is compared once. Not thread-safe.
/// </summary>
internal sealed class FieldSort<T>(Comparison<T> compare)
{
    // Up to here inserting is quicker, and on the way of every record.
    private const int InsertedMax = 16;

    // A CSV header has at most so many. What a single monster needed is not kept.
    private const int KeptMax = 16_384;

    private T[] _came = [];
    private int[] _order = [];
    private int _ordered;
    private Comparison<int>? _byPlace;

    public void Sort(Span<T> fields)
    {
        if (fields.Length <= InsertedMax) Insert(fields);
        else SortMany(fields);
    }

    private void Insert(Span<T> fields)
    {
        for (var i = 1; i < fields.Length; i++)
        {
            var field = fields[i];
            var at = i;
            for (; at > 0 && compare(fields[at - 1], field) > 0; at--) fields[at] = fields[at - 1];
            fields[at] = field;
        }
    }

    private void SortMany(Span<T> fields)
    {
        var count = fields.Length;
        if (_came.Length < count)
        {
            _came = new T[Math.Max(count, _came.Length * 2)];
            Array.Resize(ref _order, _came.Length);
        }

        fields.CopyTo(_came);
        var order = _order.AsSpan(0, count);
        if (_ordered != count || !IsOrder(order))
        {
            for (var i = 0; i < count; i++) order[i] = i;
            if (!IsOrder(order)) order.Sort(_byPlace ??= ByPlace);
        }

        for (var i = 0; i < count; i++) fields[i] = _came[order[i]];
        _ordered = count;

        // Fields refer to the payload that they came in.
        Array.Clear(_came, 0, count);
        if (count <= KeptMax) return;
        _came = [];
        _order = [];
        _ordered = 0;
    }

    /// <summary>Whether the fields come out sorted this way.</summary>
    private bool IsOrder(ReadOnlySpan<int> order)
    {
        for (var i = 1; i < order.Length; i++)
        {
            if (ByPlace(order[i - 1], order[i]) >= 0) return false;
        }

        return true;
    }

    private int ByPlace(int a, int b)
    {
        var compared = compare(_came[a], _came[b]);
        return compared != 0 ? compared : a - b;
    }
}
