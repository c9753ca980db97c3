using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Text (UTF-8) and binary columns: offsets and data.</summary>
internal sealed class BytesAppender(IArrowType type) : ColumnAppender
{
    private readonly NativeBuffer<int> _offsets = new();
    private readonly NativeBuffer<byte> _data = new();
    private int _end;

    public override long Bytes => _data.Bytes + _offsets.Bytes + ValidBytes;

    public override void Append(ColumnVector vector, ReadOnlySpan<int> rows)
    {
        var from = (BytesVector)vector;
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

    /// <summary>Appends the same value so many times.</summary>
    public void AppendRepeated(ReadOnlySpan<byte> value, int count)
    {
        var ends = Ends(count);
        _data.Reserve(_end + ((long)value.Length * count));
        var to = _data.Values;
        for (var i = 0; i < count; i++)
        {
            value.CopyTo(to[_end..]);
            _end += value.Length;
            ends[i] = _end;
        }

        AppendValid(count);
    }

    public override IArrowArray Seal()
    {
        // Arrow's offsets are one more than the rows: also of a column without rows, to which nothing was ever appended.
        Ends(0);
        return ArrowArrayFactory.BuildArray(Data(type, ValidityBitmap(), new ArrowBuffer(_offsets.Memory[..((Count + 1) * 4)]), new ArrowBuffer(_data.Memory[.._end])));
    }

    /// <summary>Where the ends of so many more values are to be written.</summary>
    private Span<int> Ends(int count)
    {
        _offsets.Reserve(Count + count + 1L);
        if (Count == 0) _offsets.Values[0] = 0;
        return _offsets.Values.Slice(Count + 1, count);
    }
}
