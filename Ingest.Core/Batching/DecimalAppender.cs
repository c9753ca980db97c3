using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Decimals of up to 18 digits: 8 bytes in chunk vectors, 16 in Arrow.</summary>
internal sealed class DecimalAppender(int precision, int scale) : ColumnAppender
{
    private readonly NativeBuffer<Int128> _values = new();

    public override long Bytes => _values.Bytes + ValidBytes;

    public override void Append(ColumnVector vector, ReadOnlySpan<int> rows)
    {
        var from = (FixedVector<long>)vector;
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

    public override IArrowArray Seal() =>
        ArrowArrayFactory.BuildArray(Data(new Decimal128Type(precision, scale), ValidityBitmap(), new ArrowBuffer(_values.Memory[..(Count * 16)])));
}
