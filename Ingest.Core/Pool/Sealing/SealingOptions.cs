namespace Ingest.Core.Pool.Sealing;

/// <summary>When recent files are merged and sealed. Immutable.</summary>
public sealed record SealingOptions
{
    /// <summary>How long no new row may have come to a partition before what it has is sealed, however little that is. Each further file of the same partition waits twice as long.</summary>
    public TimeSpan QuietAfter { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A partition's recent rows are sealed without waiting when they will make a file of this size.</summary>
    public long TargetBytes { get; init; } = 256L << 20;

    /// <summary>Recent files of a partition are merged, outside the partition folders, when there are this many. Each row is so written at most three times: by ingest, here, and sealed.</summary>
    public int MergeFiles { get; init; } = 128;

    /// <summary>Rows held in memory while files are merged; more go through sorted runs on the local disk.</summary>
    public long MemoryBytes { get; init; } = 64L << 20;

    /// <summary>Largest sum of inputs of one sealed file.</summary>
    public long OutputBytesMax => TargetBytes * 2;

    /// <summary>Files above this are not merged before they are sealed: it would only be written once more.</summary>
    public long MergedInputBytesMax => TargetBytes / 8;

    /// <summary>Inputs of one plan, and so of one log entry.</summary>
    public int PlanInputsMax { get; init; } = 1024;

    /// <summary>The same while ingest has all it can do: a plan that is worked at a twentieth of the time would else take many minutes, and nothing of it counts before its end.</summary>
    public int PlanInputsBusyMax { get; init; } = 128;

    /// <summary>Rows of a row group: what an engine's thread takes at a time, and what it skips by statistics.</summary>
    public int RowGroupRows { get; init; } = 131_072;

    /// <summary>Longest wait of a late record for its sealed file.</summary>
    public static TimeSpan WaitMax { get; } = TimeSpan.FromDays(7);
}
