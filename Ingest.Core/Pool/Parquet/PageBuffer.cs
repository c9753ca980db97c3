using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Ingest.Core.Pool.Parquet;

/// <summary>Bytes being written: grows, and is used again after <see cref="Clear"/>. Not thread-safe.</summary>
internal sealed class PageBuffer : IDisposable
{
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(16 << 10);

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> WrittenMemory => _bytes.AsMemory(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Room for at least so many bytes behind what is written; what is used of it is told to <see cref="Advance"/>.</summary>
    public Span<byte> Reserve(int bytes)
    {
        if (_bytes.Length - Length < bytes) Grow(bytes);
        return _bytes.AsSpan(Length);
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
    public void PatchInt32(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(at), value);

    /// <summary>Takes bytes that lie further on in the reserved room as what is written next.</summary>
    public void MoveHere(int from, int bytes)
    {
        _bytes.AsSpan(from, bytes).CopyTo(_bytes.AsSpan(Length));
        Length += bytes;
    }

    /// <summary>Hands over the array, whose first <see cref="Length"/> bytes are written; the buffer must not be used any more.</summary>
    public byte[] Detach()
    {
        var bytes = _bytes;
        _bytes = [];
        return bytes;
    }

    public void Dispose()
    {
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    private void Grow(int bytes)
    {
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max((long)Length + bytes, _bytes.Length * 2L)));
        Written.CopyTo(larger);
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
