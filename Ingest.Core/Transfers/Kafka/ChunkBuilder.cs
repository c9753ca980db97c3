using System.Buffers;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// Gathers one partition's messages into the next chunk. Every byte is leased from the budget before it is taken. It starts small and
/// grows, so that a thousand quiet partitions do not hold a thousand full buffers. Owned by the poll thread.
/// </summary>
internal sealed class ChunkBuilder(ByteBudget budget, int chunkBytes, long from)
{
    private const int FirstBytes = 16 << 10;
    private const int FirstTransfers = 64;
    private const int TransfersMax = 16 << 10;
    private const int TransferBytes = 24;

    // What a payload is leased with: itself, and as much again and again for its records while they are located and typed. Told exactly once they are decoded.
    private const int Growth = 3;

    private byte[]? _buffer;
    private Transfer[] _transfers = [];
    private ByteLease? _lease;
    private int _count;
    private int _used;
    private long _from = from;

    /// <summary>Next offset to be taken: all below is in this chunk or in those before.</summary>
    public long Next { get; private set; } = from;

    public bool IsEmpty => _count == 0;

    /// <summary>Takes the message; or says why it cannot, having changed nothing.</summary>
    public AppendResult Append(long offset, long publishedAtMs, ReadOnlySpan<byte> payload)
    {
        if (_count > 0 && (_used + (long)payload.Length > chunkBytes || _count == TransfersMax)) return AppendResult.ChunkFull;
        if (_buffer is null || _used + payload.Length > _buffer.Length || _count == _transfers.Length)
        {
            if (!Grow(payload.Length)) return _count > 0 ? AppendResult.ChunkFull : AppendResult.NoBudget;
        }

        payload.CopyTo(_buffer.AsSpan(_used));
        _transfers[_count++] = new Transfer(offset, publishedAtMs, _used, payload.Length);
        _used += payload.Length;
        Next = offset + 1;
        return AppendResult.Appended;
    }

    /// <summary>
    /// What was gathered, covering every offset from the end of the last chunk to <see cref="Next"/>, or to <paramref name="end"/> if that is beyond.
    /// Null when the budget has not even room for an empty chunk.
    /// </summary>
    public TransferChunk? Close(CommitRight right, long end)
    {
        if (_lease is null && !budget.TryLease(0, out _lease)) return null;
        Next = Math.Max(Next, end);
        var chunk = new TransferChunk(right, new OffsetRange(_from, Next), _buffer ?? [], _transfers, _count, _lease);
        Forget();
        _from = Next;
        return chunk;
    }

    /// <summary>Gives everything back and starts anew at an offset.</summary>
    public void Restart(long offset)
    {
        if (_buffer is not null)
        {
            PayloadBuffers.Return(_buffer);
            ArrayPool<Transfer>.Shared.Return(_transfers);
        }

        _lease?.Dispose();
        Forget();
        _from = Next = offset;
    }

    private void Forget()
    {
        _buffer = null;
        _transfers = [];
        _lease = null;
        _count = _used = 0;
    }

    private bool Grow(int length)
    {
        var bytes = _buffer is null
            ? Math.Max(length, Math.Min(FirstBytes, chunkBytes))
            : _used + length <= _buffer.Length ? _buffer.Length : Math.Max(_used + length, Math.Min(_buffer.Length * 4, chunkBytes));
        var transfers = _buffer is null ? FirstTransfers : _count < _transfers.Length ? _transfers.Length : _transfers.Length * 4;
        var more = (bytes * (long)Growth) + ((long)transfers * TransferBytes) - (_lease?.Bytes ?? 0);
        if (more > 0)
        {
            if (!budget.TryLease(more, out var lease)) return false;
            if (_lease is null) _lease = lease;
            else _lease.Absorb(lease);
        }

        if (_buffer is null || _buffer.Length < bytes) _buffer = Moved(_buffer, bytes);
        if (_transfers.Length < transfers) _transfers = Moved(_transfers, transfers);

        // The pool rounds up; what it gave is what we hold.
        _lease!.Resize((_buffer.Length * (long)Growth) + ((long)_transfers.Length * TransferBytes));
        return true;
    }

    private byte[] Moved(byte[]? old, int bytes)
    {
        var larger = PayloadBuffers.Rent(bytes);
        if (old is null) return larger;
        old.AsSpan(0, _used).CopyTo(larger);
        PayloadBuffers.Return(old);
        return larger;
    }

    private Transfer[] Moved(Transfer[] old, int transfers)
    {
        var larger = ArrayPool<Transfer>.Shared.Rent(transfers);
        old.AsSpan(0, _count).CopyTo(larger);
        if (old.Length > 0) ArrayPool<Transfer>.Shared.Return(old);
        return larger;
    }
}

/// <summary>Whether a chunk took a message.</summary>
internal enum AppendResult
{
    /// <summary>It did.</summary>
    Appended,

    /// <summary>Close the chunk and append again.</summary>
    ChunkFull,

    /// <summary>The budget is used up; append again later.</summary>
    NoBudget,
}
