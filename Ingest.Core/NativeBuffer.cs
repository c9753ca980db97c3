using System.Buffers;
using System.Runtime.InteropServices;

namespace Ingest.Core;

/// <summary>
/// Values of a batch's column, or keys that are being sorted, outside of the managed heap. Batches are most of what a worker holds, and are given up all at once: as managed arrays they stayed, dead, until
/// the collector came by, and a backlog of two million records held a third more than it used. Here memory is back when the batch is, and what is long grows in place,
/// without a copy beside it. What is new is not cleared. Owned by one thread at a time.
/// </summary>
/// <remarks>An owner that never releases it costs a finalizer, not memory. Arrow arrays over <see cref="MemoryManager{T}.Memory"/> keep it alive.</remarks>
internal sealed unsafe class NativeBuffer<T> : MemoryManager<byte> where T : unmanaged
{
    // Thousands of partitions with a row or two must not weigh a page a column.
    private const int LengthMin = 16;

    // All partitions of a batch grow alike: doubled, their buffers would all be half empty at the same time, and the batch would be taken for full with half of its rows.
    private const int DoubledBytesMax = 1 << 10;

    // Beyond this, growth is by a quarter instead of a half: the system moves pages instead of copying them.
    private const int HalfMoreBytesMax = 1 << 20;

    private T* _values;
    private bool _isReleased;

#pragma warning disable CA2015 // Whoever reads or writes it by a span holds its partition, in a lane or a job: it is out of reach only when nobody does.
    ~NativeBuffer() => Free();
#pragma warning restore CA2015

    public int Length { get; private set; }

    public long Bytes => (long)Length * sizeof(T);

    /// <summary>All of it; empty once it is released.</summary>
    public Span<T> Values => new(_values, Length);

    /// <summary>Makes it at least so long and keeps what is there.</summary>
    /// <exception cref="OutOfMemoryException">The system has no more.</exception>
    /// <exception cref="OverflowException">A column would have more than 2 GiB.</exception>
    public void Reserve(long length)
    {
        if (length > Length) Grow(length);
    }

    /// <summary>Gives the memory back, once and for all.</summary>
    public void Release()
    {
        _isReleased = true;
        ((IDisposable)this).Dispose();
    }

    public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(Values);

    public override MemoryHandle Pin(int elementIndex = 0) => new((byte*)_values + elementIndex);

    public override void Unpin()
    {
        // It never moves.
    }

    protected override void Dispose(bool disposing) => Free();

    private void Grow(long length)
    {
        var more = Length * (Bytes < DoubledBytesMax ? 2 : Bytes < HalfMoreBytesMax ? 1.5 : 1.25);
        var grown = Math.Max(Math.Max(length, LengthMin), (long)Math.Min(more, Array.MaxLength / sizeof(T)));
        if (grown * sizeof(T) > Array.MaxLength) throw new OverflowException($"A column of a batch cannot have more than {Array.MaxLength} bytes.");
        ObjectDisposedException.ThrowIf(_isReleased, this);
        _values = (T*)NativeMemory.Realloc(_values, (nuint)(grown * sizeof(T)));
        Length = (int)grown;
    }

    private void Free()
    {
        NativeMemory.Free(_values);
        _values = null;
        Length = 0;
    }
}
