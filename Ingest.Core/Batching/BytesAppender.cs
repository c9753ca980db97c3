using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Text (UTF-8) and binary columns: offsets and data.</summary>
internal sealed class BytesAppender(IArrowType type) : ColumnAppender
{
    private int[] _offsets = [0];
    private byte[] _data = [];

    public override long Bytes => _data.Length + (_offsets.Length * 4L) + Valid.Length;

    public override void Append(ColumnVector vector, ReadOnlySpan<int> rows)
    {
        var from = (BytesVector)vector;
        var at = Count;
        ColumnArrays<int>.Grow(ref _offsets, at + 1, at + rows.Length + 1);
        var (offsets, data) = (from.Offsets, from.Data);
        var end = _offsets[at];
        for (var i = 0; i < rows.Length; i++)
        {
            var start = offsets[rows[i]];
            var length = offsets[rows[i] + 1] - start;
            if (_data.Length - end < length) ColumnArrays<byte>.Grow(ref _data, end, checked(end + length));
            data.AsSpan(start, length).CopyTo(_data.AsSpan(end));
            end += length;
            _offsets[at + i + 1] = end;
        }

        AppendValid(from.Valid, rows);
    }

    public override void Release()
    {
        ColumnArrays<int>.Release(ref _offsets);
        ColumnArrays<byte>.Release(ref _data);
        ReleaseValid();
    }

    /// <summary>Appends the same value so many times.</summary>
    public void AppendRepeated(ReadOnlySpan<byte> value, int count)
    {
        var at = Count;
        ColumnArrays<int>.Grow(ref _offsets, at + 1, at + count + 1);
        var end = _offsets[at];
        ColumnArrays<byte>.Grow(ref _data, end, checked(end + (value.Length * count)));
        for (var i = 0; i < count; i++)
        {
            value.CopyTo(_data.AsSpan(end));
            end += value.Length;
            _offsets[at + i + 1] = end;
        }

        AppendValid(count);
    }

    public override IArrowArray Seal() => ArrowArrayFactory.BuildArray(Data(
        type, ValidityBitmap(), new ArrowBuffer(new ArrayBytes<int>(_offsets).Memory[..((Count + 1) * 4)]), new ArrowBuffer(_data.AsMemory(0, _offsets[Count]))));
}
