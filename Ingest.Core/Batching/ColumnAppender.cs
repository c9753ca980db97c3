using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Gathers chosen rows of chunk vectors into one growing column in Arrow's layout.</summary>
internal abstract class ColumnAppender
{
    private const int RowsAtFirst = 16;

    private protected ColumnAppender() { }

    private protected byte[] Valid { get; private set; } = new byte[RowsAtFirst];

    private protected int Count { get; private set; }

    private protected int Nulls { get; private set; }

    /// <summary>What the buffers weigh.</summary>
    public abstract long Bytes { get; }

    public static ColumnAppender Create(ColumnType type, int precision, int scale) => type switch
    {
        ColumnType.String => new BytesAppender(StringType.Default),
        ColumnType.Binary => new BytesAppender(BinaryType.Default),
        ColumnType.Int => new FixedAppender<int>(Int32Type.Default),
        ColumnType.Long => new FixedAppender<long>(Int64Type.Default),
        ColumnType.Double => new FixedAppender<double>(DoubleType.Default),
        ColumnType.Date => new FixedAppender<int>(Date32Type.Default),
        ColumnType.Timestamp => new FixedAppender<long>(new TimestampType(TimeUnit.Microsecond, "UTC")),
        ColumnType.Boolean => new BooleanAppender(),
        ColumnType.Decimal => precision <= 18 ? new DecimalAppender(precision, scale) : new FixedAppender<Int128>(new Decimal128Type(precision, scale)),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>Appends the named rows of a vector of this column's kind.</summary>
    public abstract void Append(ColumnVector vector, ReadOnlySpan<int> rows);

    /// <summary>The column as an Arrow array over the buffers, without copying the values.</summary>
    public abstract IArrowArray Seal();

    private protected void AppendValid(byte[] valid, ReadOnlySpan<int> rows)
    {
        if (Valid.Length < Count + rows.Length)
        {
            var grown = Valid;
            System.Array.Resize(ref grown, Math.Max(Count + rows.Length, grown.Length * 2));
            Valid = grown;
        }

        var to = Valid.AsSpan(Count, rows.Length);
        var nulls = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            var v = valid[rows[i]];
            to[i] = v;
            nulls += 1 - v;
        }

        Nulls += nulls;
        Count += rows.Length;
    }

    /// <summary>One bit a row, least significant first; empty when no row is null.</summary>
    private protected ArrowBuffer ValidityBitmap() => Nulls == 0 ? ArrowBuffer.Empty : Bits(Valid, Count);

    private protected static ArrowBuffer Bits(byte[] bytes, int count)
    {
        var bits = new byte[(count + 7) / 8];
        for (var i = 0; i < count; i++) bits[i >> 3] |= (byte)(bytes[i] << (i & 7));
        return new ArrowBuffer(bits);
    }

    private protected ArrayData Data(IArrowType type, params ArrowBuffer[] buffers) => new(type, Count, Nulls, 0, buffers);
}
