using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Booleans: a byte each while the batch is open, a bit each in Arrow.</summary>
internal sealed class BooleanAppender : ColumnAppender
{
    private byte[] _values = [];

    public override long Bytes => _values.Length + Valid.Length;

    public override void Append(ColumnVector vector, ReadOnlySpan<int> rows)
    {
        var from = (FixedVector<byte>)vector;
        var at = Count;
        ColumnArrays<byte>.Grow(ref _values, at, at + rows.Length);
        for (var i = 0; i < rows.Length; i++) _values[at + i] = from.Values[rows[i]];
        AppendValid(from.Valid, rows);
    }

    public override void Release()
    {
        ColumnArrays<byte>.Release(ref _values);
        ReleaseValid();
    }

    public override IArrowArray Seal() => ArrowArrayFactory.BuildArray(Data(BooleanType.Default, ValidityBitmap(), Bits(_values, Count)));
}
