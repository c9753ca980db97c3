namespace Ingest.Core.Flow.Telemetry;

/// <summary>A picture of the engine at one moment, for health checks, the status page and the demo. Immutable.</summary>
public sealed record EngineStatus
{
    public static EngineStatus Starting { get; } = new();

    /// <summary>Tables are open and the loop runs.</summary>
    public bool IsRunning { get; init; }

    /// <summary>Partitions that this worker reads.</summary>
    public int AssignedPartitions { get; init; }

    /// <summary>What the source complained of within the last minute; null when all is well.</summary>
    public string? SourceTrouble { get; init; }

    /// <summary>Intake is paused: the budget is used up or the store fails.</summary>
    public bool IsPaused { get; init; }

    /// <summary>Partitions that were stopped, each with the reason and the way to go on.</summary>
    public IReadOnlyList<string> Halted { get; init; } = [];

    /// <summary>Partitions with transfers that are not read although nothing holds the worker back, each in a sentence.</summary>
    public IReadOnlyList<string> Unread { get; init; } = [];

    /// <summary>Age of the oldest record that was taken in and is not committed.</summary>
    public TimeSpan OldestUncommitted { get; init; }

    /// <summary>How long ago the control loop made this picture: much more than a second means that the loop waits for something.</summary>
    public TimeSpan PictureAge { get; init; }

    public long BudgetUsedBytes { get; init; }

    /// <summary>Taken in, whether or not committed yet; so are the records below.</summary>
    public long Transfers { get; init; }

    /// <summary>Records = Written + Duplicates + Quarantined.</summary>
    public long Records { get; init; }

    /// <summary>New records: rows of the next commit, or of one before.</summary>
    public long Written { get; init; }

    public long Duplicates { get; init; }

    public long Quarantined { get; init; }

    public long Commits { get; init; }

    /// <summary>Rows that those commits brought into the tables, the quarantine left out.</summary>
    public long CommittedRows { get; init; }

    /// <summary>Transfers published but not committed, per department.</summary>
    public IReadOnlyDictionary<string, long> LagByDepartment { get; init; } = new Dictionary<string, long>();

    /// <summary>Age of the newest committed transfer, by Kafka's timestamp; null before the first commit.</summary>
    public TimeSpan? Freshness { get; init; }

    /// <summary>How long checkpoints of each table have not come through; zero where the last one did.</summary>
    public IReadOnlyDictionary<string, TimeSpan> CheckpointsFailing { get; init; } = new Dictionary<string, TimeSpan>();

    /// <summary>Everything that the partitions held when they were assigned is committed.</summary>
    public bool IsCaughtUp { get; init; }
}
