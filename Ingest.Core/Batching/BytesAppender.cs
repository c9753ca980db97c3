using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Text (UTF-8) and binary columns: offsets and data.</summary>
internal sealed class BytesAppender(IArrowType type) : ColumnAppender
{
    // Of a column that has only nulls and empty texts so far, nothing is stored: what no contract column takes, for one, is null in nearly every row.
    private static byte[] s_zeros = [];

    private readonly NativeBuffer<int> _offsets = new();
    private readonly NativeBuffer<byte> _data = new();
    private int _end;

    public override long Bytes => _data.Bytes + _offsets.Bytes + ValidBytes;

    public override void Append(ColumnVector vector, ReadOnlySpan<int> rows)
    {
        var from = (BytesVector)vector;
        if (_end == 0 && !HasBytes(from, rows))
        {
            AppendValid(from.Valid, rows);
            return;
        }

        var ends = Ends(rows.Length);
        var (offsets, data) = (from.Offsets, from.Data);
        var to = _data.Values;
        var end = _end;
        for (var i = 0; i < rows.Length; i++)
        {
            var start = offsets[rows[i]];
            var length = offsets[rows[i] + 1] - start;
            if (to.Length - end < length)
            {
                _data.Reserve((long)end + length);
                to = _data.Values;
            }

            data.AsSpan(start, length).CopyTo(to[end..]);
            end += length;
            ends[i] = end;
        }

        _end = end;
        AppendValid(from.Valid, rows);
    }

    public override void Release()
    {
        _offsets.Release();
        _data.Release();
        ReleaseValid();
    }

    public override IArrowArray Seal() =>
        ArrowArrayFactory.BuildArray(Data(type, ValidityBitmap(), new ArrowBuffer(_end == 0 ? Zeros((Count + 1) * 4) : _offsets.Memory[..((Count + 1) * 4)]), new ArrowBuffer(_data.Memory[.._end])));

    private static bool HasBytes(BytesVector vector, ReadOnlySpan<int> rows)
    {
        var offsets = vector.Offsets;
        foreach (var row in rows)
        {
            if (offsets[row + 1] != offsets[row]) return true;
        }

        return false;
    }

    private static ReadOnlyMemory<byte> Zeros(int length)
    {
        var zeros = s_zeros;
        if (zeros.Length < length) s_zeros = zeros = new byte[Math.Max(length, zeros.Length * 2)];
        return zeros.AsMemory(0, length);
    }

    /// <summary>Where the ends of so many more values are to be written.</summary>
    private Span<int> Ends(int count)
    {
        _offsets.Reserve(Count + count + 1L);
        if (_end == 0) _offsets.Values[..(Count + 1)].Clear();
        return _offsets.Values.Slice(Count + 1, count);
    }
}
