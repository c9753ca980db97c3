using System.Collections.Immutable;
using YamlDotNet.Core;

namespace Ingest.Core.Contracts;

/// <summary>A contract as its author wrote it, each part checked by itself; what parts mean together is judged by <see cref="DatasetCompiler"/>.</summary>
internal sealed record DatasetContract
{
    public required ContractNode Node { get; init; }
    public required string Dataset { get; init; }
    public string? Description { get; init; }
    public required ImmutableArray<TopicBinding> Topics { get; init; }
    public required TransferFormat Format { get; init; }
    public required FieldPath Records { get; init; }
    public required char Delimiter { get; init; }
    public FieldPath? SelectField { get; init; }
    public string? SelectValue { get; init; }
    public required TimeZoneInfo TimeZone { get; init; }
    public (string Text, Mark At)? EventDate { get; init; }
    public ImmutableArray<(string Text, Mark At)>? Partition { get; init; }
    public required DedupMode Mode { get; init; }
    public ImmutableArray<(string Text, Mark At)> Identity { get; init; } = [];
    public ImmutableArray<(string Text, Mark At)> Except { get; init; } = [];
    public required bool RescuedCounts { get; init; }
    public required ImmutableArray<ColumnPlan> Columns { get; init; }
    public required ImmutableArray<Mark> ColumnMarks { get; init; }
}

/// <summary>A topic, the department that it is bound to, and what its records must claim.</summary>
internal sealed record TopicBinding(string Topic, string Department, FieldPath? ClaimField, string? Claim, Mark At);
