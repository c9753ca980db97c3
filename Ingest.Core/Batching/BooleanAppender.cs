using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Booleans: a byte each while the batch is open, a bit each in Arrow.</summary>
internal sealed class BooleanAppender : ColumnAppender
{
    private byte[] _values = new byte[16];

    public override long Bytes => _values.Length + Valid.Length;

    public override void Append(ColumnVector vector, ReadOnlySpan<int> rows)
    {
        var from = (FixedVector<byte>)vector;
        var at = Count;
        if (_values.Length < at + rows.Length) System.Array.Resize(ref _values, Math.Max(at + rows.Length, _values.Length * 2));
        for (var i = 0; i < rows.Length; i++) _values[at + i] = from.Values[rows[i]];
        AppendValid(from.Valid, rows);
    }

    public override IArrowArray Seal() => ArrowArrayFactory.BuildArray(Data(BooleanType.Default, ValidityBitmap(), Bits(_values, Count)));
}
