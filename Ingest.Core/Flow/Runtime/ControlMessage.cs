using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>A fact for the control loop. Whoever posts it may wait for <c>Reply</c>. Closed: switch over it without a default arm.</summary>
internal abstract record ControlMessage
{
    private ControlMessage() { }

    /// <summary>Read the tables' offsets: partitions are about to be assigned.</summary>
    public sealed record Assigning(TaskCompletionSource Reply) : ControlMessage;

    public sealed record Assigned(IReadOnlyList<PartitionBounds> Partitions, TaskCompletionSource<IReadOnlyList<CommitRight?>> Reply) : ControlMessage;

    public sealed record Revoked(IReadOnlyList<CommitRight> Rights, TaskCompletionSource Reply) : ControlMessage;

    public sealed record Lost(IReadOnlyList<CommitRight> Rights, TaskCompletionSource Reply) : ControlMessage;

    public sealed record EndReached(CommitRight Right, long EndOffset) : ControlMessage;

    public sealed record Faulted(CommitRight Right, long Next, PartitionBounds? Held, string Why) : ControlMessage;

    /// <summary>Commit what is open and end. The source has stopped.</summary>
    public sealed record Stop(TaskCompletionSource Reply) : ControlMessage;
}
