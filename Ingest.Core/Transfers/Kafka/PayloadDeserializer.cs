using System.Buffers;
using Confluent.Kafka;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// Copies each message's value into one buffer that is used again for the next, instead of an array a message. The client frees the
/// native message before Consume returns, so this one copy cannot be spared. Used by the poll thread only.
/// </summary>
internal sealed class PayloadDeserializer : IDeserializer<int>, IDisposable
{
    private const int UsualBytes = 1 << 20;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(64 << 10);
    private int _length;

    /// <summary>The value of the message consumed last.</summary>
    public ReadOnlySpan<byte> Last => _buffer.AsSpan(0, _length);

    public int Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context)
    {
        // One huge transfer must not keep its room for ever.
        if (data.Length > _buffer.Length || (_buffer.Length > UsualBytes && data.Length <= UsualBytes)) Exchange(data.Length);
        data.CopyTo(_buffer);
        return _length = data.Length;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private void Exchange(int length)
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = ArrayPool<byte>.Shared.Rent(length);
    }
}
