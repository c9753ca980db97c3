namespace Ingest.Core.Flow.Telemetry;

/// <summary>How the housekeeping of one table stands, as far as this worker knows. Immutable.</summary>
/// <param name="HoldsLease">This worker does it; what is left unsealed, and checkpoints, are known to that one only.</param>
public sealed record KeepingStatus(string Table, bool HoldsLease)
{
    /// <summary>How long this worker has not come through with sealing or cleaning, or with taking the lease; zero when it has.</summary>
    public TimeSpan FailingFor { get; init; }

    /// <summary>Files that are not sealed yet; null before they were counted.</summary>
    public long? UnsealedFiles { get; init; }

    public long UnsealedBytes { get; init; }

    /// <summary>Of them, those that cannot be merged, for they are damaged.</summary>
    public long RefusedFiles { get; init; }

    /// <summary>How long ago that became due which has been due longest; zero when nothing is.</summary>
    public TimeSpan Overdue { get; init; }

    /// <summary>Version of the newest checkpoint; null when there is none, or it is not known.</summary>
    public long? CheckpointVersion { get; init; }

    /// <summary>How long ago that version was committed; null when its entry is gone.</summary>
    public TimeSpan? CheckpointAge { get; init; }

    /// <summary>Versions after the newest checkpoint, which every start reads one by one.</summary>
    public long VersionsSinceCheckpoint { get; init; }
}
