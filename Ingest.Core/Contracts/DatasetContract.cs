using System.Collections.Immutable;
using YamlDotNet.Core;

namespace Ingest.Core.Contracts;

/// <summary>
/// A contract as its author wrote it. Parts that are wrong by themselves are reported and stand as something harmless, so that the rest can be judged too: by
/// <see cref="ContractValidator"/>, what the parts mean together, and by <see cref="CatalogValidator"/>, what contracts mean together.
/// </summary>
internal sealed record DatasetContract
{
    public required ContractNode Node { get; init; }

    /// <summary>Empty when it is missing or wrong.</summary>
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

    /// <summary>Null: the default.</summary>
    public ImmutableArray<(string Text, Mark At)>? Partition { get; init; }

    public required DedupMode Mode { get; init; }
    public ImmutableArray<(string Text, Mark At)> Identity { get; init; } = [];
    public ImmutableArray<(string Text, Mark At)> Except { get; init; } = [];
    public required bool RescuedCounts { get; init; }
    public required ImmutableArray<ColumnContract> Columns { get; init; }

    /// <summary>
    /// A column as it is read, which depends on whether it partitions the table. Delta knows no empty text in partition columns: it would come back as null, and with another fingerprint than
    /// the row was written with.
    /// </summary>
    public ColumnPlan AsRead(ColumnPlan column)
    {
        if (Partition is not { } partition || partition.All(p => p.Text != column.Name)) return column;
        var words = column.Type == ColumnType.String && !column.NullWords.Contains("") ? column.NullWords.Add("") : column.NullWords;
        return column with { Partitions = true, NullWords = words };
    }

    /// <summary>Ordinal of a column, or -1.</summary>
    public int Find(string column)
    {
        for (var i = 0; i < Columns.Length; i++)
        {
            if (Columns[i].Plan.Name == column) return i;
        }

        return -1;
    }
}

/// <summary>A column as written, and where. <paramref name="IsTyped"/> is false when its type is missing or wrong, and nothing should be concluded from it.</summary>
internal sealed record ColumnContract(ColumnPlan Plan, ContractNode Node, bool IsTyped);

/// <summary>A topic, the department that it is bound to, and what its records must claim.</summary>
internal sealed record TopicBinding(string Topic, string Department, FieldPath? ClaimField, string? Claim, Mark At);
