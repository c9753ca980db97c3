using System.Buffers;

namespace Ingest.Core.Transfers;

/// <summary>
/// Consecutive transfers of one topic-partition in one pooled buffer: the first of the eight states of the data. It covers
/// every offset of <see cref="Range"/>, also those that hold no message (control records, compaction holes).
/// The chunk owns its buffer and its lease; disposing it gives both back.
/// </summary>
public sealed class TransferChunk : IDisposable
{
    private byte[]? _buffer;
    private Transfer[]? _transfers;

    /// <param name="buffer">Rented from <see cref="PayloadBuffers"/> or <see cref="ArrayPool{T}.Shared"/>; ownership passes to the chunk.</param>
    /// <param name="transfers">Rented from <see cref="ArrayPool{T}.Shared"/>; ownership passes to the chunk.</param>
    public TransferChunk(CommitRight right, OffsetRange range, byte[] buffer, Transfer[] transfers, int count, ByteLease lease)
    {
        Right = right;
        Range = range;
        Count = count;
        Lease = lease;
        _buffer = buffer;
        _transfers = transfers;
    }

    public CommitRight Right { get; }

    public TopicPartition Source => Right.Source;

    public OffsetRange Range { get; }

    /// <summary>Number of transfers.</summary>
    public int Count { get; }

    /// <summary>What the chunk weighs in the byte budget; later stages resize it and pass it on.</summary>
    public ByteLease Lease { get; }

    public byte[] Buffer => _buffer ?? throw new ObjectDisposedException(nameof(TransferChunk));

    public ReadOnlySpan<Transfer> Transfers => (_transfers ?? throw new ObjectDisposedException(nameof(TransferChunk))).AsSpan(0, Count);

    /// <summary>What the chunk itself holds, in bytes.</summary>
    public long ResidentBytes => (_buffer?.Length ?? 0) + ((_transfers?.Length ?? 0) * (long)System.Runtime.CompilerServices.Unsafe.SizeOf<Transfer>());

    /// <summary>Gives the payload back early, once nothing refers to it any more; the lease stays.</summary>
    public void ReleasePayload()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer) PayloadBuffers.Return(buffer);
    }

    public void Dispose()
    {
        ReleasePayload();
        if (Interlocked.Exchange(ref _transfers, null) is { } transfers) ArrayPool<Transfer>.Shared.Return(transfers);
        Lease.Dispose();
    }
}
