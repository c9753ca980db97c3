namespace Ingest.Core.Transfers;

/// <summary>
/// The right to commit offsets of one topic-partition, from one assignment (or rewind) until it is taken away. It travels
/// with every chunk and batch; whoever holds offsets under a revoked right drops them. The table's compare-and-set on the
/// start offset is what makes this safe; the right makes it early.
/// </summary>
public sealed class CommitRight(TopicPartition source, long startOffset, string? topicId = null)
{
    private volatile bool _revoked;

    public TopicPartition Source { get; } = source;

    /// <summary>The offset at which reading began under this right.</summary>
    public long StartOffset { get; } = startOffset;

    /// <summary>The broker's id of the topic that is read; null where brokers have none.</summary>
    public string? TopicId { get; } = topicId;

    public bool IsHeld => !_revoked;

    /// <summary>Takes the right away for good. Safe from any thread.</summary>
    public void Revoke() => _revoked = true;
}
