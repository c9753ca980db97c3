namespace Ingest.Core.Normalizing;

/// <summary>
/// The values of one column over the rows of a chunk. <see cref="Valid"/> holds one byte a row, 1 for a value and 0 for null.
/// Arrays are at least <see cref="Count"/> long and are reused from chunk to chunk; entries of null rows are zero.
/// </summary>
public abstract class ColumnVector
{
    private protected ColumnVector() { }

    public int Count { get; protected set; }

    public byte[] Valid = new byte[64];

    public abstract void Clear();

    /// <summary>Memory held, in bytes.</summary>
    public abstract long ResidentBytes { get; }

    /// <summary>Adds a null.</summary>
    public abstract void AppendNull();

    /// <summary>Makes room for <paramref name="rows"/> rows in all, so that a loop over a chunk need not ask again.</summary>
    public abstract void Reserve(int rows);
}

/// <summary>
/// Fixed-width values: int (int, date as days), long (long, timestamp as microseconds UTC, decimal of precision up to 18 unscaled),
/// double, Int128 (decimal of precision above 18, unscaled), byte (boolean, 0 or 1).
/// </summary>
public sealed class FixedVector<T> : ColumnVector where T : unmanaged
{
    public T[] Values = new T[64];

    public override long ResidentBytes => ((long)Values.Length * System.Runtime.CompilerServices.Unsafe.SizeOf<T>()) + Valid.Length;

    public override void Clear() => Count = 0;

    public override void AppendNull()
    {
        if (Count == Values.Length) Grow();
        Values[Count] = default;
        Valid[Count++] = 0;
    }

    public void Append(T value)
    {
        if (Count == Values.Length) Grow();
        Values[Count] = value;
        Valid[Count++] = 1;
    }

    public override void Reserve(int rows)
    {
        if (rows <= Values.Length) return;
        var size = Math.Max(rows, Values.Length * 2);
        Array.Resize(ref Values, size);
        Array.Resize(ref Valid, size);
    }

    /// <summary>Says that the first <paramref name="rows"/> entries of <see cref="Values"/> and Valid have been set, after <see cref="Reserve"/>.</summary>
    public void SetCount(int rows) => Count = rows;

    private void Grow() => Reserve(Count + 1);
}

/// <summary>Variable-length values (string as UTF-8, binary): row r is Data[Offsets[r] .. Offsets[r + 1]).</summary>
public sealed class BytesVector : ColumnVector
{
    public int[] Offsets = new int[65];

    public byte[] Data = new byte[1024];

    /// <summary>What all values together are expected to weigh at most: those of a chunk no more than its payload. Growth by doubling stops there, and goes on as needed if they do.</summary>
    public int ExpectedBytesMax { get; set; } = int.MaxValue;

    public override long ResidentBytes => Data.Length + (Offsets.Length * 4L) + Valid.Length;

    public ReadOnlySpan<byte> this[int row] => Data.AsSpan(Offsets[row], Offsets[row + 1] - Offsets[row]);

    public override void Clear() => Count = 0;

    public override void AppendNull()
    {
        if (Count == Valid.Length) GrowRows();
        Valid[Count] = 0;
        Offsets[Count + 1] = Offsets[Count];
        Count++;
    }

    public void Append(ReadOnlySpan<byte> value)
    {
        if (Count == Valid.Length) GrowRows();
        var start = Offsets[Count];
        if (Data.Length - start < value.Length) GrowData(value.Length);
        value.CopyTo(Data.AsSpan(start));
        Valid[Count] = 1;
        Offsets[Count + 1] = start + value.Length;
        Count++;
    }

    public override void Reserve(int rows)
    {
        if (rows <= Valid.Length) return;
        var size = Math.Max(rows, Valid.Length * 2);
        Array.Resize(ref Valid, size);
        Array.Resize(ref Offsets, size + 1);
    }

    private void GrowRows() => Reserve(Count + 1);

    private void GrowData(int needed)
    {
        var least = (long)Offsets[Count] + needed;
        var more = least <= ExpectedBytesMax ? Math.Min(Data.Length * 2L, ExpectedBytesMax) : Data.Length + (Data.Length / 4L);
        Array.Resize(ref Data, (int)Math.Min(Array.MaxLength, Math.Max(more, least)));
    }
}
