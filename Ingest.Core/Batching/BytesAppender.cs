using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Text (UTF-8) and binary columns: offsets and data.</summary>
internal sealed class BytesAppender(IArrowType type) : ColumnAppender
{
    private int[] _offsets = new int[17];
    private byte[] _data = new byte[128];

    public override long Bytes => _data.Length + (_offsets.Length * 4L) + Valid.Length;

    public override void Append(ColumnVector vector, ReadOnlySpan<int> rows)
    {
        var from = (BytesVector)vector;
        var at = Count;
        if (_offsets.Length < at + rows.Length + 1) System.Array.Resize(ref _offsets, Math.Max(at + rows.Length + 1, _offsets.Length * 2));
        var (offsets, data) = (from.Offsets, from.Data);
        var end = _offsets[at];
        for (var i = 0; i < rows.Length; i++)
        {
            var start = offsets[rows[i]];
            var length = offsets[rows[i] + 1] - start;
            if (_data.Length - end < length) Grow(end, length);
            data.AsSpan(start, length).CopyTo(_data.AsSpan(end));
            end += length;
            _offsets[at + i + 1] = end;
        }

        AppendValid(from.Valid, rows);
    }

    public override IArrowArray Seal() => ArrowArrayFactory.BuildArray(Data(
        type, ValidityBitmap(), new ArrowBuffer(new ArrayBytes<int>(_offsets).Memory[..((Count + 1) * 4)]), new ArrowBuffer(_data.AsMemory(0, _offsets[Count]))));

    private void Grow(int used, int more) =>
        System.Array.Resize(ref _data, (int)Math.Min(System.Array.MaxLength, Math.Max(_data.Length * 2L, (long)used + more)));
}
