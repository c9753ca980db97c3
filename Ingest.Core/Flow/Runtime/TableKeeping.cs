using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Sealing;

namespace Ingest.Core.Flow.Runtime;

/// <summary>One table's housekeeping. Owned by the housekeeper's task; <see cref="Status"/> may be asked from any thread.</summary>
internal sealed class TableKeeping(TableLane lane, SealRoom room, TableSealer sealer, SealLease lease, KeepingDuty sealing, KeepingDuty cleaning)
{
    private volatile CheckpointSeen? _checkpoint;

    public TableLane Lane { get; } = lane;

    public SealRoom Room { get; } = room;

    public TableSealer Sealer { get; } = sealer;

    public SealLease Lease { get; } = lease;

    public KeepingDuty Sealing { get; } = sealing;

    public KeepingDuty Cleaning { get; } = cleaning;

    /// <summary>Timestamp of the last cleaning; null before the first.</summary>
    public long? CleanedAt { get; set; }

    /// <summary>Looks which checkpoint is the newest.</summary>
    public async ValueTask SeeCheckpointAsync(CancellationToken cancellation)
    {
        if (await LogReader.CheckpointHintAsync(Lane.StoreBeside, cancellation) is not { } version || version == _checkpoint?.Version) return;
        var entry = await LogReader.ReadEntryAsync(Lane.StoreBeside, version, cancellation);
        _checkpoint = new CheckpointSeen(version, entry?.Actions.OfType<LogAction.Info>().FirstOrDefault()?.Content.Timestamp);
    }

    public KeepingStatus Status(DateTimeOffset now)
    {
        var status = new KeepingStatus(Lane.Plan.Name, Lease.IsHeld) { FailingFor = Sealing.FailingFor > Cleaning.FailingFor ? Sealing.FailingFor : Cleaning.FailingFor };
        if (!status.HoldsLease || Sealer.Backlog is not { } backlog) return status;
        var checkpoint = _checkpoint;
        return status with
        {
            UnsealedFiles = backlog.Files,
            UnsealedBytes = backlog.Bytes,
            RefusedFiles = backlog.Refused,
            Overdue = backlog.DueSince is { } since && now > since ? now - since : TimeSpan.Zero,
            CheckpointVersion = checkpoint?.Version,
            CheckpointAge = checkpoint?.CommittedMs is { } at ? now - DateTimeOffset.FromUnixTimeMilliseconds(at) : null,
            VersionsSinceCheckpoint = Math.Max(0, backlog.Version - (checkpoint?.Version ?? -1)),
        };
    }

    private sealed record CheckpointSeen(long Version, long? CommittedMs);
}
