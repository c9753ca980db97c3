using System.Collections.Immutable;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Transfers;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// What a commit says of itself. <c>txnId</c> tells whose entry it is; <c>kafkaRanges</c> is the account of every offset it covers, <c>foundAgain</c> that of rows beside them; <c>index</c> names the
/// runs it makes valid. Entries of other writers have only the first fields.
/// </summary>
public sealed record CommitInfo
{
    /// <summary>Milliseconds since 1970 UTC.</summary>
    public long Timestamp { get; init; }

    public string Operation { get; init; } = "";

    public string? EngineInfo { get; init; }

    public string? TransactionId { get; init; }

    public long? ReadVersion { get; init; }

    /// <summary>Rows in the added files.</summary>
    public long OutputRows { get; init; }

    public int OutputFiles { get; init; }

    public long OutputBytes { get; init; }

    public string? ContractHash { get; init; }

    public ImmutableArray<CommittedRange> Ranges { get; init; } = [];

    /// <summary>Rows that came of offsets which the table had before, and which were read again: no offset is moved by them. Entries of earlier versions do not say it.</summary>
    public ImmutableArray<CommittedRange> FoundAgain { get; init; } = [];

    /// <summary>Null in entries that leave the index as it was.</summary>
    public IndexDelta? Index { get; init; }

    /// <summary>Entries that only rewrite files: the proof that their rows are the same; else null.</summary>
    public Conservation? Conservation { get; init; }

    /// <summary>The index was rebuilt: <see cref="Index"/> names all runs there are, whatever was valid before.</summary>
    public bool ReplacesIndex { get; init; }
}

/// <summary>The account of one range as the log keeps it: Records = Written + Duplicates + Quarantined.</summary>
public sealed record CommittedRange(
    string AppId, TopicPartition Source, string Department, OffsetRange Range, long Records, long Written, long Duplicates, long Quarantined, long PublishedUntilMs)
{
    /// <inheritdoc cref="Batching.RangeAccount.PublishedFromMs"/>
    public long PublishedFromMs { get; init; }

    /// <inheritdoc cref="Batching.RangeAccount.LateMs"/>
    public long LateMs { get; init; }

    /// <inheritdoc cref="Batching.RangeAccount.Hours"/>
    public ImmutableArray<PublishedHour> Hours { get; init; } = [];
}
