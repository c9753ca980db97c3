using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Booleans: a byte each while the batch is open, a bit each in Arrow.</summary>
internal sealed class BooleanAppender : ColumnAppender
{
    private readonly NativeBuffer<byte> _values = new();

    public override long Bytes => _values.Bytes + ValidBytes;

    public override void Append(ColumnVector vector, ReadOnlySpan<int> rows)
    {
        var from = (FixedVector<byte>)vector;
        _values.Reserve((long)Count + rows.Length);
        var values = from.Values;
        var to = _values.Values.Slice(Count, rows.Length);
        for (var i = 0; i < rows.Length; i++) to[i] = values[rows[i]];
        AppendValid(from.Valid, rows);
    }

    public override void Release()
    {
        _values.Release();
        ReleaseValid();
    }

    public override IArrowArray Seal() => ArrowArrayFactory.BuildArray(Data(BooleanType.Default, ValidityBitmap(), Bits(_values.Values[..Count])));
}
