using System.Collections.Immutable;
using Ingest.Core.Batching;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool;

/// <summary>The seventh state of the data: all that one log entry will say.</summary>
public sealed record CommitRequest
{
    /// <summary>Unique per attempt at this content; how we know our own entry when an answer was lost.</summary>
    public required Guid TransactionId { get; init; }

    public required IReadOnlyList<DataFile> Files { get; init; }

    /// <summary>Offsets that move. The table's <c>txn</c> of each must equal its range's From at the moment of the put.</summary>
    public required ImmutableArray<RangeAccount> Ranges { get; init; }

    /// <summary>Accounts of rows in offsets that the table has taken before: each covers none, counts only what is written, and moves nothing.</summary>
    public ImmutableArray<RangeAccount> FoundAgain { get; init; } = [];

    public required RunDescriptor? Run { get; init; }

    /// <summary>A merge of index runs to publish along with the rows (or alone: then there are no files and no ranges); null for none.</summary>
    public RunMerge? Merge { get; init; }

    /// <summary>The log version against whose index the rows were deduplicated; runs that rivals added since must be looked at before the put.</summary>
    public required long DeduplicatedAt { get; init; }

    /// <summary>What the entry calls itself; null for the usual.</summary>
    public string? Operation { get; init; }

    public required string ContractHash { get; init; }

    /// <summary>Since when the first of the files may be in the store, named by nothing; null when there is none that vacuum might take for an orphan.</summary>
    internal Since? FilesSince { get; init; }
}

/// <summary>The eighth state: what became of a commit. Closed: switch over it without a default arm.</summary>
public abstract record CommitOutcome
{
    private CommitOutcome() { }

    /// <summary>Our entry stands in the log as this version, with this change of the index (without the merge, if that was dropped).</summary>
    public sealed record Committed(long Version, IndexDelta Index, bool CheckpointDue) : CommitOutcome;

    /// <summary>Rivals committed rows first that this batch holds too. Take out the rows whose keys the added runs hold, write anew, try again.</summary>
    public sealed record Overtaken(long Version, IReadOnlyList<RunDescriptor> NewRuns) : CommitOutcome;

    /// <summary>The table's offsets are not where this batch starts: another worker has moved them. Abandon the batch and re-read.</summary>
    public sealed record Fenced(string Why) : CommitOutcome;

    /// <summary>The table is not the one we opened, or is beyond what we support. Stop, loudly.</summary>
    public sealed record Stopped(string Why) : CommitOutcome;
}
