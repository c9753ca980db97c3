using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Ingest.Core.Pool.Parquet;

/// <summary>Bytes being written: grows in place, outside of the managed heap, and is used again after <see cref="Clear"/>. Not thread-safe.</summary>
internal sealed class PageBuffer : IDisposable
{
    private const int FirstBytes = 16 << 10;

    // What a usual column of a batch needs. One that a huge value has blown up is not kept for the next.
    private const int KeptBytes = 4 << 20;

    private NativeBuffer<byte> _bytes = new();

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.Values[..Length];

    public ReadOnlyMemory<byte> WrittenMemory => _bytes.Memory[..Length];

    public void Clear()
    {
        Length = 0;
        if (_bytes.Bytes <= KeptBytes) return;
        _bytes.Release();
        _bytes = new NativeBuffer<byte>();
    }

    /// <summary>Room for at least so many bytes behind what is written; what is used of it is told to <see cref="Advance"/>.</summary>
    public Span<byte> Reserve(int bytes)
    {
        if (_bytes.Length - Length < bytes) _bytes.Reserve(Math.Max(FirstBytes, (long)Length + bytes));
        return _bytes.Values[Length..];
    }

    public void Advance(int bytes) => Length += bytes;

    public void WriteByte(byte value)
    {
        Reserve(1)[0] = value;
        Length++;
    }

    public void Write(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Reserve(value.Length));
        Length += value.Length;
    }

    public void WriteInt32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(Reserve(4), value);
        Length += 4;
    }

    /// <summary>Fixed-width values as they lie in memory.</summary>
    public void WriteValues<T>(ReadOnlySpan<T> values) where T : unmanaged => Write(MemoryMarshal.AsBytes(values));

    /// <summary>Unsigned, seven bits a byte, least significant first (LEB128).</summary>
    public void WriteVarint(ulong value)
    {
        var to = Reserve(10);
        var written = 0;
        for (; value >= 0x80; value >>= 7) to[written++] = (byte)(value | 0x80);
        to[written++] = (byte)value;
        Length += written;
    }

    /// <summary>Signed, so that small values of either sign are short.</summary>
    public void WriteZigzag(long value) => WriteVarint((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Overwrites four bytes written before.</summary>
    public void PatchInt32(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(_bytes.Values[at..], value);

    /// <summary>Takes bytes that lie further on in the reserved room as what is written next.</summary>
    public void MoveHere(int from, int bytes)
    {
        _bytes.Values.Slice(from, bytes).CopyTo(_bytes.Values[Length..]);
        Length += bytes;
    }

    /// <summary>Hands over the memory, whose first <see cref="Length"/> bytes are written; the buffer is empty afterwards.</summary>
    public IMemoryOwner<byte> Detach()
    {
        var bytes = _bytes;
        (_bytes, Length) = (new NativeBuffer<byte>(), 0);
        return bytes;
    }

    public void Dispose() => _bytes.Release();
}
