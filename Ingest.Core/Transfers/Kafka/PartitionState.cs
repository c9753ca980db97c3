namespace Ingest.Core.Transfers.Kafka;

/// <summary>Where reading one assigned partition stands. Owned by the poll thread.</summary>
internal sealed class PartitionState(CommitRight right, ChunkBuilder builder)
{
    /// <summary>The right under which offsets are handed on now; another one after a rewind.</summary>
    public CommitRight Right { get; set; } = right;

    public ChunkBuilder Builder { get; } = builder;

    public TopicPartition Source => Right.Source;

    /// <summary>Nothing is taken any more (a loud stop).</summary>
    public bool IsHalted { get; set; }

    /// <summary>The client has still to be told to go to <see cref="ChunkBuilder.Next"/>; what it delivers until then is stale.</summary>
    public bool AwaitsSeek { get; set; }

    /// <summary>The end of the partition that the client reported and the sink has not heard of yet; -1 for none.</summary>
    public long EndOffset { get; set; } = -1;

    /// <summary>Where it stood at the last look of <see cref="BrokerWatch"/>; -1 before the first.</summary>
    public long AskedAt { get; set; } = -1;

    /// <summary>Timestamp since which something waits to be handed on; 0 for nothing.</summary>
    public long WaitingSince { get; set; }

    /// <summary>Starts anew at the right's offset.</summary>
    public void Restart(CommitRight next)
    {
        Right = next;
        Builder.Restart(next.StartOffset);
        EndOffset = -1;
        WaitingSince = 0;
    }
}
