using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Gathers chosen rows of chunk vectors into one growing column in Arrow's layout.</summary>
internal abstract class ColumnAppender
{
    // One byte a row, 1 for a value; empty as long as all rows are alike.
    private readonly NativeBuffer<byte> _valid = new();

    private protected ColumnAppender() { }

    private protected long ValidBytes => _valid.Bytes;

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
        ColumnType.Decimal => precision <= 18 ? new FixedAppender<long>(new Decimal64Type(precision, scale)) : new FixedAppender<Int128>(new Decimal128Type(precision, scale)),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>Appends the named rows of a vector of this column's kind.</summary>
    public abstract void Append(ColumnVector vector, ReadOnlySpan<int> rows);

    /// <summary>The column as an Arrow array over the buffers, without copying the values.</summary>
    public abstract IArrowArray Seal();

    /// <summary>Gives the buffers back; neither the column nor what it was sealed to may be used any more.</summary>
    public abstract void Release();

    private protected void ReleaseValid() => _valid.Release();

    private protected void AppendValid(byte[] valid, ReadOnlySpan<int> rows)
    {
        var nulls = rows.Length;
        foreach (var row in rows) nulls -= valid[row];
        var to = Valid(rows.Length, nulls);
        for (var i = 0; i < to.Length; i++) to[i] = valid[rows[i]];
    }

    private protected void AppendValid(int count) => Valid(count, 0).Fill(1);

    /// <summary>One bit a row, least significant first; empty when no row is null.</summary>
    private protected ArrowBuffer ValidityBitmap() => Nulls == 0 ? ArrowBuffer.Empty : Nulls == Count ? new ArrowBuffer(new byte[(Count + 7) / 8]) : Bits(_valid.Values[..Count]);

    /// <summary>Counts the rows; where to write which of them have a value, empty when that need not be written.</summary>
    private Span<byte> Valid(int more, int nulls)
    {
        var (before, nullsBefore) = (Count, Nulls);
        Count += more;
        Nulls += nulls;
        if (Nulls == 0 || Nulls == Count) return [];
        _valid.Reserve(Count);
        if (nullsBefore == 0) _valid.Values[..before].Fill(1);
        else if (nullsBefore == before) _valid.Values[..before].Clear();
        return _valid.Values[before..Count];
    }

    private protected static ArrowBuffer Bits(ReadOnlySpan<byte> bytes)
    {
        var bits = new byte[(bytes.Length + 7) / 8];
        for (var i = 0; i < bytes.Length; i++) bits[i >> 3] |= (byte)(bytes[i] << (i & 7));
        return new ArrowBuffer(bits);
    }

    private protected ArrayData Data(IArrowType type, params ArrowBuffer[] buffers) => new(type, Count, Nulls, 0, buffers);
}
