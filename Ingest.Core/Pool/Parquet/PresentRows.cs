using Apache.Arrow;

namespace Ingest.Core.Pool.Parquet;

/// <summary>Where in an array the values of a row group lie: nulls are left out, and rows of a run share one. Its buffer is used from one to the next.</summary>
internal sealed class PresentRows
{
    private int[] _rows = [];
    private int _start;
    private bool _isDirect;

    /// <summary>How many values there are.</summary>
    public int Count { get; private set; }

    /// <summary>The place of each value; empty when every row has its own, in order.</summary>
    public ReadOnlySpan<int> Listed => _isDirect ? [] : _rows.AsSpan(0, Count);

    /// <summary>The place of a value in the array, of a run-end encoded one in its values.</summary>
    public int this[int value] => _isDirect ? _start + value : _rows[value];

    public void Find(IArrowArray array, int start, int count)
    {
        (_start, Count) = (start, count);
        _isDirect = array.NullCount == 0 && array is not RunEndEncodedArray;
        if (_isDirect) return;
        if (_rows.Length < count) _rows = new int[count];
        if (array is RunEndEncodedArray runs)
        {
            ArrowValues.FindRuns(runs, start, _rows.AsSpan(0, count));
            return;
        }

        var bitmap = array.Data.Buffers[0].Span;
        var present = 0;
        for (var row = start; row < start + count; row++)
        {
            _rows[present] = row;
            present += (bitmap[row >> 3] >> (row & 7)) & 1;
        }

        Count = present;
    }

    /// <summary>How many values lie before a row of an array with nulls, from the value <paramref name="first"/> on.</summary>
    public int CountBefore(int row, int first)
    {
        var at = first;
        while (at < Count && _rows[at] < row) at++;
        return at - first;
    }
}
