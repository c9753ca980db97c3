using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Decimals of up to 18 digits: 8 bytes in chunk vectors, 16 in Arrow.</summary>
internal sealed class DecimalAppender(int precision, int scale) : ColumnAppender
{
    private Int128[] _values = [];

    public override long Bytes => (_values.Length * 16L) + Valid.Length;

    public override void Append(ColumnVector vector, ReadOnlySpan<int> rows)
    {
        var from = (FixedVector<long>)vector;
        var at = Count;
        ColumnArrays<Int128>.Grow(ref _values, at, at + rows.Length);
        var values = from.Values;
        for (var i = 0; i < rows.Length; i++) _values[at + i] = values[rows[i]];
        AppendValid(from.Valid, rows);
    }

    public override void Release()
    {
        ColumnArrays<Int128>.Release(ref _values);
        ReleaseValid();
    }

    public override IArrowArray Seal() =>
        ArrowArrayFactory.BuildArray(Data(new Decimal128Type(precision, scale), ValidityBitmap(), new ArrowBuffer(new ArrayBytes<Int128>(_values).Memory[..(Count * 16)])));
}
