namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// What lies between the client and the sink: each partition's next chunk, chunks waiting to be accepted, messages waiting for room. Nothing is
/// dropped and nothing overtakes: whatever cannot go on waits here, in order, and the poll loop pauses. Owned by the poll thread.
/// </summary>
internal sealed class Intake(ITransferSink sink, ByteBudget budget, KafkaOptions options, TimeProvider time) : IDisposable
{
    private readonly Dictionary<TopicPartition, PartitionState> _partitions = [];
    private readonly Queue<Ready> _ready = [];
    private readonly Queue<HeldMessage> _held = [];
    private PartitionState? _last;

    public IEnumerable<PartitionState> Partitions => _partitions.Values;

    /// <summary>True when something waits and more must not be taken.</summary>
    public bool IsBlocked => _held.Count > 0 || _ready.Count > 0;

    public void Start(CommitRight right) =>
        _partitions[right.Source] = new PartitionState(right, new ChunkBuilder(budget, options.ChunkBytes, right.StartOffset));

    public PartitionState? Find(string topic, int partition)
    {
        if (_last is { } last && last.Source.Partition == partition && last.Source.Topic == topic) return last;
        return _partitions.TryGetValue(new TopicPartition(topic, partition), out var found) ? _last = found : null;
    }

    /// <summary>Takes a message, into the partition's chunk or in hand.</summary>
    public void Take(PartitionState partition, long offset, long publishedAtMs, ReadOnlySpan<byte> payload)
    {
        // Stale: delivered before a seek took effect, or of a stopped partition.
        if (partition.IsHalted || partition.AwaitsSeek || offset < partition.Builder.Next) return;
        if (!IsBlocked && TryAppend(partition, offset, publishedAtMs, payload)) OfferReady();
        else _held.Enqueue(new HeldMessage(partition, offset, publishedAtMs, payload));
    }

    /// <summary>The client came to the end of the partition. It is handed on after the linger, with what came before it.</summary>
    public void EndSeen(PartitionState partition, long endOffset)
    {
        if (partition.IsHalted || partition.AwaitsSeek || endOffset < partition.Right.StartOffset) return;
        partition.EndOffset = endOffset;
        if (partition.WaitingSince == 0) partition.WaitingSince = time.GetTimestamp();
    }

    /// <summary>Moves on what waits; true when nothing is left and the sink wants more.</summary>
    public bool TryMoveOn()
    {
        if (!OfferReady()) return false;
        while (_held.TryPeek(out var message))
        {
            if (!message.Partition.IsHalted && message.Partition.Right == message.Right && message.Offset >= message.Partition.Builder.Next
                && !TryAppend(message.Partition, message.Offset, message.PublishedAtMs, message.Payload)) return false;
            _held.Dequeue().Dispose();
            if (!OfferReady()) return false;
        }

        return sink.WantsTransfers;
    }

    /// <summary>Hands on what has waited for the linger.</summary>
    public void FlushWaiting()
    {
        foreach (var partition in _partitions.Values)
        {
            if (partition.WaitingSince != 0 && time.GetElapsedTime(partition.WaitingSince) >= options.ChunkLinger) Close(partition);
        }

        OfferReady();
    }

    /// <summary>Hands on all open chunks: when there is no room, what they hold of the budget must come back.</summary>
    public void CloseAll()
    {
        foreach (var partition in _partitions.Values)
        {
            if (!partition.Builder.IsEmpty) Close(partition);
        }

        OfferReady();
    }

    /// <summary>Drops what was taken of the partition and not accepted yet, and starts anew at the right's offset.</summary>
    public void Restart(PartitionState partition, CommitRight next)
    {
        Drop(partition);
        partition.Restart(next);
    }

    /// <summary>Hands on what was taken of the partition, which the broker may not have any more, and takes nothing else.</summary>
    public void Finish(PartitionState partition)
    {
        partition.EndOffset = -1;
        Close(partition);
        partition.IsHalted = true;
        OfferReady();
    }

    /// <summary>Drops what was taken of the partition and not accepted yet, and takes no more.</summary>
    public void Halt(PartitionState partition)
    {
        Drop(partition);
        partition.Builder.Restart(partition.Builder.Next);
        partition.WaitingSince = 0;
        partition.IsHalted = true;
    }

    /// <summary>Drops what was taken of the partition and not accepted yet, and takes no more of it.</summary>
    public void Discard(TopicPartition source)
    {
        if (_partitions.TryGetValue(source, out var partition)) Halt(partition);
    }

    public void Forget(TopicPartition source)
    {
        Discard(source);
        _partitions.Remove(source);
        _last = null;
    }

    public void Dispose()
    {
        foreach (var source in _partitions.Keys.ToList()) Forget(source);
    }

    private bool TryAppend(PartitionState partition, long offset, long publishedAtMs, ReadOnlySpan<byte> payload)
    {
        while (true)
        {
            switch (partition.Builder.Append(offset, publishedAtMs, payload))
            {
                case AppendResult.Appended:
                    if (partition.WaitingSince == 0) partition.WaitingSince = time.GetTimestamp();
                    return true;
                case AppendResult.ChunkFull:
                    Close(partition);
                    break;
                default:
                    return false;
            }
        }
    }

    private void Close(PartitionState partition)
    {
        var end = partition.EndOffset;
        if (!partition.Builder.IsEmpty || end > partition.Builder.Next)
        {
            if (partition.Builder.Close(partition.Right, end) is not { } chunk) return;
            _ready.Enqueue(new Ready(partition, partition.Right, chunk, 0));
        }

        if (end >= 0) _ready.Enqueue(new Ready(partition, partition.Right, null, end));
        partition.EndOffset = -1;
        partition.WaitingSince = 0;
    }

    private bool OfferReady()
    {
        while (_ready.TryPeek(out var next))
        {
            if (next.Chunk is null) sink.EndReached(next.Right, next.EndOffset);
            else if (!sink.TryAccept(next.Chunk)) return false;
            _ready.Dequeue();
        }

        return true;
    }

    private void Drop(PartitionState partition)
    {
        for (var i = _ready.Count; i > 0; i--)
        {
            var ready = _ready.Dequeue();
            if (ready.Partition == partition) ready.Chunk?.Dispose();
            else _ready.Enqueue(ready);
        }

        for (var i = _held.Count; i > 0; i--)
        {
            var held = _held.Dequeue();
            if (held.Partition == partition) held.Dispose();
            else _held.Enqueue(held);
        }
    }

    /// <summary>A chunk to offer, or an end to report.</summary>
    private readonly record struct Ready(PartitionState Partition, CommitRight Right, TransferChunk? Chunk, long EndOffset);
}
