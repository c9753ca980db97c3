using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Decimals of up to 18 digits: 8 bytes in chunk vectors, 16 in Arrow.</summary>
internal sealed class DecimalAppender(int precision, int scale) : ColumnAppender
{
    private Int128[] _values = new Int128[16];

    public override long Bytes => (_values.Length * 16L) + Valid.Length;

    public override void Append(ColumnVector vector, ReadOnlySpan<int> rows)
    {
        var from = (FixedVector<long>)vector;
        var at = Count;
        if (_values.Length < at + rows.Length) System.Array.Resize(ref _values, Math.Max(at + rows.Length, _values.Length * 2));
        var values = from.Values;
        for (var i = 0; i < rows.Length; i++) _values[at + i] = values[rows[i]];
        AppendValid(from.Valid, rows);
    }

    public override IArrowArray Seal() =>
        ArrowArrayFactory.BuildArray(Data(new Decimal128Type(precision, scale), ValidityBitmap(), new ArrowBuffer(new ArrayBytes<Int128>(_values).Memory[..(Count * 16)])));
}
