using System.Collections.Immutable;

namespace Ingest.Core.Contracts;

/// <summary>How the transfers of one topic are read: format, where the records lie, and which dataset each belongs to. Immutable.</summary>
public sealed record TopicPlan
{
    public required string Topic { get; init; }

    /// <summary>The department this topic is bound to: <c>[a-z0-9][a-z0-9_.-]*</c>. Never taken from a payload.</summary>
    public required string Department { get; init; }

    public required TransferFormat Format { get; init; }

    /// <summary>JSON and NDJSON: where in the message (each line, for NDJSON) the record or array of records lies; empty for the root.</summary>
    public FieldPath Records { get; init; } = new([]);

    /// <summary>CSV: the character between fields; ASCII.</summary>
    public char Delimiter { get; init; } = ',';

    /// <summary>The field, in the record, that names the dataset; null when the topic has one dataset only.</summary>
    public FieldPath? SelectField { get; init; }

    /// <summary>The field, in the record, that claims a department, checked against <see cref="Claim"/>; null: no check.</summary>
    public FieldPath? ClaimField { get; init; }

    /// <summary>What <see cref="ClaimField"/> must hold.</summary>
    public string? Claim { get; init; }

    /// <summary>The datasets of this topic; exactly one when there is no select field.</summary>
    public required ImmutableArray<TopicDataset> Datasets { get; init; }

    /// <summary>What is refused unread, such as a whole transfer, counts as this dataset's: the ordinal of the only one of the topic; -1 when there are several, and nobody can tell.</summary>
    public int DatasetOfUnread => Datasets.Length == 1 ? 0 : -1;
}

/// <summary>A dataset of a topic, and the value of the select field that means it (null without select field).</summary>
public sealed record TopicDataset(DatasetPlan Plan, string? SelectValue);

public enum TransferFormat
{
    /// <summary>One JSON object, or an array of them.</summary>
    Json,

    /// <summary>One JSON object a line.</summary>
    Ndjson,

    /// <summary>RFC 4180 with a header row; comma unless the contract says otherwise.</summary>
    Csv,
}

/// <summary>All contracts of a pool, checked against each other. Immutable.</summary>
public sealed record Catalog(ImmutableArray<DatasetPlan> Datasets, ImmutableSortedDictionary<string, TopicPlan> Topics);
