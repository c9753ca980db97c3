namespace Ingest.Core.Normalizing;

/// <summary>A byte buffer that grows and is used again: what is written stays valid until the next <see cref="Clear"/>.</summary>
internal sealed class ScratchBytes
{
    public byte[] Bytes = new byte[256];

    public int Length;

    public ReadOnlySpan<byte> Written => Bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Room for <paramref name="count"/> bytes after what is written. Earlier arrays are left alone, so slices of them stay good.</summary>
    public Span<byte> Room(int count)
    {
        if (Bytes.Length - Length < count) Array.Resize(ref Bytes, Math.Max(Bytes.Length * 2, checked(Length + count)));
        return Bytes.AsSpan(Length);
    }

    public void Write(byte value)
    {
        Room(1)[0] = value;
        Length++;
    }

    public void Write(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Room(value.Length));
        Length += value.Length;
    }
}
