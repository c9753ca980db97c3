namespace Ingest.Core.Transfers.Kafka;

/// <summary>A consumed message that the budget has no room for yet. The client will not deliver it again, so it is kept in hand.</summary>
internal sealed class HeldMessage : IDisposable
{
    private readonly byte[] _buffer;
    private readonly int _length;

    public HeldMessage(PartitionState partition, long offset, long publishedAtMs, ReadOnlySpan<byte> payload)
    {
        Partition = partition;
        Right = partition.Right;
        Offset = offset;
        PublishedAtMs = publishedAtMs;
        _buffer = PayloadBuffers.Rent(payload.Length);
        _length = payload.Length;
        payload.CopyTo(_buffer);
    }

    public PartitionState Partition { get; }

    public CommitRight Right { get; }

    public long Offset { get; }

    public long PublishedAtMs { get; }

    public ReadOnlySpan<byte> Payload => _buffer.AsSpan(0, _length);

    public void Dispose() => PayloadBuffers.Return(_buffer);
}
