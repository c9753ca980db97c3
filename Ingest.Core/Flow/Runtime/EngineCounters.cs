using Ingest.Core.Contracts;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Pool.Housekeeping;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>What the control loop counts, for the meters and for the picture that others look at. Written by the loop; <see cref="Status"/> may be read from any thread.</summary>
internal sealed class EngineCounters : IDisposable
{
    private static readonly TimeSpan s_publishEvery = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<string, long> _lag = new(StringComparer.Ordinal);
    private readonly IngestMeters _meters;
    private readonly TimeProvider _time;
    private volatile Picture _picture = new(EngineStatus.Starting, long.MinValue);
    private long _transfers;
    private long _records;
    private long _written;
    private long _duplicates;
    private long _quarantined;
    private long _commits;
    private long _committedRows;
    private long _publishedUntilMs;

    public EngineCounters(long budgetBytes, TimeProvider time)
    {
        _time = time;
        _meters = new IngestMeters(() => Status, () => Keeping.Select(k => k.Status(_time.GetUtcNow())), budgetBytes);
    }

    /// <summary>The last picture, grown older: while the loop waits for the store, what is not committed ages all the same.</summary>
    public EngineStatus Status
    {
        get
        {
            var (status, at) = _picture;
            if (!status.IsRunning) return status;
            var age = _time.GetElapsedTime(at);
            return status with { PictureAge = age, OldestUncommitted = status.OldestUncommitted > TimeSpan.Zero ? status.OldestUncommitted + age : TimeSpan.Zero };
        }
    }

    /// <summary>The tables whose housekeeping this worker may do. Set by the housekeeper, once.</summary>
    public IReadOnlyList<TableKeeping> Keeping { get => Volatile.Read(ref field); set => Volatile.Write(ref field, value); } = [];

    public void Dispose() => _meters.Dispose();

    /// <summary>Says what will be counted.</summary>
    public void Expect(IEnumerable<TopicPlan> topics)
    {
        foreach (var topic in topics)
        {
            foreach (var dataset in topic.Datasets) _meters.Expect(topic.Department, dataset.Plan.Name);
        }
    }

    public void Taken(string department, int transfers)
    {
        _transfers += transfers;
        _meters.Taken(department, transfers);
    }

    public void Records(string department, string dataset, TakenCounts counts)
    {
        _records += counts.Written + counts.Duplicates + counts.Quarantined;
        _written += counts.Written;
        _duplicates += counts.Duplicates;
        _quarantined += counts.Quarantined;
        _meters.Records(department, dataset, counts.Written, counts.Duplicates, counts.Quarantined);
    }

    public void Refused(string department, ReasonCode reason, bool unattributed)
    {
        if (unattributed)
        {
            _records++;
            _quarantined++;
        }

        _meters.Quarantined(department, reason);
    }

    public void Committed(TableLane lane, JobResult.Committed committed)
    {
        if (committed.Attempts > 0) _commits++;
        if (lane.Plan.Name != QuarantineDataset.Name) _committedRows += committed.Batch.RowCount;

        // Not by a producer's clock that runs ahead: all that comes after it would seem to be fresh.
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var account in committed.Batch.Ranges) _publishedUntilMs = Math.Max(_publishedUntilMs, Math.Min(now, account.PublishedUntilMs));
        _meters.Committed(lane.Plan.Name, committed.Took, committed.Attempts);
    }

    public void NotCommitted(TableLane lane, string outcome) => _meters.NotCommitted(lane.Plan.Name, outcome);

    /// <summary>A plan of sealing is in the log. Of the housekeeper's task, like the two below.</summary>
    public void Sealed(TableLane lane, SealReport report, TimeSpan took) => _meters.Sealed(lane.Plan.Name, report, took);

    public void Vacuumed(TableLane lane, Vacuumed vacuumed) => _meters.Vacuumed(lane.Plan.Name, vacuumed);

    public void HousekeepingPutOff(TableLane lane) => _meters.HousekeepingPutOff(lane.Plan.Name);

    /// <summary>Makes a new picture, unless the last one is fresh enough.</summary>
    public void Publish(IReadOnlyCollection<PartitionState> partitions, IEnumerable<string> haltedBefore, ITransferSource source, LaneSet lanes, UnreadWatch watch, bool isPaused, bool storeFails, long budgetUsedBytes, bool isCaughtUp, bool isRunning)
    {
        var (last, at) = _picture;
        var isNews = isCaughtUp != last.IsCaughtUp || isRunning != last.IsRunning;
        if (!isNews && at != long.MinValue && _time.GetElapsedTime(at) < s_publishEvery) return;
        _lag.Clear();
        foreach (var partition in partitions)
        {
            _lag.TryGetValue(partition.Topic.Department, out var lag);
            _lag[partition.Topic.Department] = lag + Math.Max(0, partition.KnownEnd - partition.CommittedTo);
        }

        var uncommitted = lanes.All.Max(l => l.UncommittedAge);
        var now = new EngineStatus
        {
            IsRunning = isRunning,
            AssignedPartitions = partitions.Count(p => p.HaltedBecause is null),
            SourceTrouble = source.Trouble,
            IsPaused = isPaused,
            Halted = [.. haltedBefore, .. partitions.Select(p => p.HaltedBecause).OfType<string>()],

            // A pause that waits for nothing is none: nothing open, nothing in flight, and a store that answers.
            Unread =
            [
                .. watch.Look(partitions, isHeldBack: (isPaused && (storeFails || uncommitted > TimeSpan.Zero)) || uncommitted > UnreadWatch.Patience),
                .. source.Unanswered.Select(u => $"{u} waits for a broker that says what it holds of it: the partition has no leader. The others are read."),
            ],
            OldestUncommitted = uncommitted,
            BudgetUsedBytes = budgetUsedBytes,
            Transfers = _transfers,
            Records = _records,
            Written = _written,
            Duplicates = _duplicates,
            Quarantined = _quarantined,
            Commits = _commits,
            CommittedRows = _committedRows,
            LagByDepartment = new Dictionary<string, long>(_lag),
            Freshness = _publishedUntilMs == 0 ? null : _time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(_publishedUntilMs),
            CheckpointsFailing = lanes.CheckpointsFailing(),
            IsCaughtUp = isCaughtUp,
        };
        _picture = new Picture(now, _time.GetTimestamp());
    }

    private sealed record Picture(EngineStatus Status, long At);
}
