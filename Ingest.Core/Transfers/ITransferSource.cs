namespace Ingest.Core.Transfers;

/// <summary>
/// Where transfers come from (an edge of the world: Kafka, or a simulation). All calls to the sink are made by <see cref="RunAsync"/>, one at a time.
/// The other members may be called from any thread and are carried out by it soon after.
/// </summary>
public interface ITransferSource : IDisposable
{
    /// <summary>Consumes until <paramref name="stop"/> is cancelled, then leaves the group and returns.</summary>
    /// <exception cref="TransferSourceException">The source cannot go on (authentication, unknown topic, fatal client error).</exception>
    Task RunAsync(ITransferSink sink, CancellationToken stop);

    /// <summary>Goes back to <paramref name="next"/>'s start offset. Chunks under the old right that are still on their way are the sink's to drop.</summary>
    void Rewind(CommitRight old, CommitRight next);

    /// <summary>Reads this partition no more (a loud stop); the others go on.</summary>
    void Halt(CommitRight right);

    /// <summary>The end of the partition as last heard of (high watermark); null when not known. Cheap, from any thread.</summary>
    long? EndOf(TopicPartition source);

    /// <summary>Partitions that are assigned and wait for a broker to say what it holds of them; they are told to the sink when one does. Cheap, from any thread.</summary>
    IReadOnlyCollection<TopicPartition> Unanswered => [];

    /// <summary>What the source complained of within the last minute, as it says it; null when all is well. Cheap, from any thread.</summary>
    string? Trouble => null;

    /// <summary>Publishes the next offset to the group, for lag monitors only; resuming never reads it.</summary>
    void ReportProgress(CommitRight right, long nextOffset);
}

/// <summary>What the source tells the engine. Nothing here blocks; where an answer takes its time, the source reads nothing until it has come.</summary>
public interface ITransferSink
{
    /// <summary>False while the budget is used up: the source pauses all its partitions and keeps polling.</summary>
    bool WantsTransfers { get; }

    /// <summary>
    /// Partitions are about to be assigned: reads the tables' offsets (bounded by the session timeout). Only then does the source ask what the broker holds. The other way round,
    /// an offset that a former owner commits in between would lie beyond the end, as if the topic had been re-created.
    /// </summary>
    Task AssigningAsync();

    /// <summary>
    /// Partitions were assigned. Returns, for each,
    /// the right under which it is read from now on, whose start offset is where reading begins; or null to leave the partition halted.
    /// </summary>
    Task<IReadOnlyList<CommitRight?>> AssignedAsync(IReadOnlyList<PartitionBounds> partitions);

    /// <summary>
    /// Partitions are about to be handed over in good order. Takes, bounded, until what is open is committed. Told of every partition that was assigned, also of those that were left halted; a right may be
    /// older than the last one that the source was told to go on under.
    /// </summary>
    Task RevokedAsync(IReadOnlyList<CommitRight> rights);

    /// <summary>Partitions are gone already; nothing of theirs may be committed by us. Told as above.</summary>
    Task LostAsync(IReadOnlyList<CommitRight> rights);

    /// <summary>Offers the next chunk; ownership passes when true is returned. False: full, offer the same chunk again after polling.</summary>
    bool TryAccept(TransferChunk chunk);

    /// <summary>
    /// The source cannot read this partition on without losing or doubling transfers (its offset is no longer, or not yet, in the log), and reads it no more;
    /// the others go on.
    /// </summary>
    /// <param name="right">The right under which it was read.</param>
    /// <param name="next">The offset to be read next.</param>
    /// <param name="held">What the broker holds now; null when it does not say.</param>
    /// <param name="why">What the broker answered.</param>
    void Faulted(CommitRight right, long next, PartitionBounds? held, string why);

    /// <summary>Everything below <paramref name="endOffset"/> has been offered: the end of the partition as of now.</summary>
    void EndReached(CommitRight right, long endOffset);
}

/// <summary>What a broker holds of a partition at assignment.</summary>
/// <param name="Source">The partition.</param>
/// <param name="Start">First offset still held.</param>
/// <param name="End">Offset that the next message will get (high watermark).</param>
/// <param name="TopicId">The broker's id of the topic, which another topic of that name does not have, asked after the offsets; null where brokers have none.</param>
public readonly record struct PartitionBounds(TopicPartition Source, long Start, long End, string? TopicId = null);

/// <summary>The source cannot go on; the message says what to do.</summary>
public sealed class TransferSourceException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether a transfer was refused for its size alone: it will be refused again.</summary>
    public bool IsTooLarge { get; init; }
}
