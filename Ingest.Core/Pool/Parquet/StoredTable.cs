using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Ingest.Core.Batching;
using Ingest.Core.Contracts;

namespace Ingest.Core.Pool.Parquet;

/// <summary>
/// A table as its files store it, for rewriting them: every column that the table has, also those that this worker's contract does not know (any more, or
/// yet), read and written as they are; and how its rows are told apart and sorted.
/// </summary>
public sealed class StoredTable
{
    private StoredTable(DatasetPlan rows, DatasetPlan whole, ImmutableArray<TableColumns.StoredColumn> columns, ImmutableArray<int> sort)
    {
        Rows = rows;
        Whole = whole;
        Columns = columns;
        SortOrdinals = sort;
    }

    /// <summary>All columns as columns of a plan, the contract's first: its fingerprints are the contract's.</summary>
    public DatasetPlan Rows { get; }

    /// <summary>The same columns with all that a file stores in the fingerprint: what must come out of a rewrite as it went in.</summary>
    public DatasetPlan Whole { get; }

    /// <summary>What a file stores, in its order; the ordinal is that in <see cref="Rows"/>, -1 for <c>_rescued</c>.</summary>
    internal ImmutableArray<TableColumns.StoredColumn> Columns { get; }

    /// <summary>Ordinals by which sealed files are sorted: the event's time (without one the time of publication), then what identifies a record.</summary>
    public ImmutableArray<int> SortOrdinals { get; }

    /// <exception cref="InvalidDataException">The table has a column of a type that contracts do not know; its files are left alone.</exception>
    public static StoredTable For(DatasetPlan contract, string schemaString)
    {
        var columns = contract.Columns.ToList();
        var known = columns.Select(c => c.Name).Concat(contract.Partitioning.Select(p => p.Name)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var files = new List<TableColumns.StoredColumn>();
        var partitioning = contract.Partitioning.Select(p => p.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        using var schema = JsonDocument.Parse(schemaString);
        foreach (var field in schema.RootElement.GetProperty("fields").EnumerateArray())
        {
            var name = field.GetProperty("name").GetString()!;
            if (name == SystemColumns.Rescued)
            {
                files.Add(new TableColumns.StoredColumn(name, ColumnType.String, 0, 0, -1));
                continue;
            }

            if (!known.Contains(name)) columns.Add(Column(columns.Count, name, field.GetProperty("type").ToString()));
            if (partitioning.Contains(name)) continue;
            var column = columns.Find(c => string.Equals(c.Name, name, StringComparison.OrdinalIgnoreCase))!;
            files.Add(new TableColumns.StoredColumn(column.Name, column.Type, column.Precision, column.Scale, column.Ordinal));
        }

        var rows = contract with { Columns = [.. columns] };
        var whole = rows with { Dedup = new DedupPlan(DedupMode.Content, [.. columns.Select(c => c.Ordinal)], [], IncludesRescued: true) };
        return new StoredTable(rows, whole, [.. files], Sort(contract, columns));
    }

    private static ImmutableArray<int> Sort(DatasetPlan contract, List<ColumnPlan> columns)
    {
        var time = contract.EventDateColumn >= 0 ? contract.EventDateColumn : columns.FindIndex(c => c.Name == SystemColumns.PublishedAt);
        var identity = contract.Dedup.Mode == DedupMode.Identity ? contract.Dedup.KeyColumns : [];
        return [.. (time >= 0 ? [time] : Enumerable.Empty<int>()).Concat(identity.Where(i => i != time))];
    }

    private static ColumnPlan Column(int ordinal, string name, string type)
    {
        var (kind, precision, scale) = Parse(name, type);
        return new ColumnPlan { Ordinal = ordinal, Name = name, Type = kind, Precision = precision, Scale = scale, Sources = [], TimeZone = TimeZoneInfo.Utc };
    }

    private static (ColumnType Type, int Precision, int Scale) Parse(string name, string type)
    {
        if (type.StartsWith("decimal(", StringComparison.Ordinal))
        {
            var digits = type["decimal(".Length..^1].Split(',');
            return (ColumnType.Decimal, int.Parse(digits[0], CultureInfo.InvariantCulture), int.Parse(digits[1], CultureInfo.InvariantCulture));
        }

        foreach (var known in Enum.GetValues<ColumnType>())
        {
            if (known != ColumnType.Decimal && TableSchema.TypeName(known, 0, 0) == type) return (known, 0, 0);
        }

        throw new InvalidDataException($"Column '{name}' is of type {type}, which another writer has added; files with it are not rewritten here.");
    }
}
