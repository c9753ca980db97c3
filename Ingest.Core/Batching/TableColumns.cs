using System.Collections.Immutable;
using Ingest.Core.Contracts;

namespace Ingest.Core.Batching;

/// <summary>The columns that a table stores in its files, in file order: the contract's, without those that partition the table, the department if it does not, then the system's.</summary>
internal static class TableColumns
{
    /// <summary>A stored column: where its value comes from is <paramref name="Ordinal"/>, a contract column's or -1 for a system column.</summary>
    public sealed record StoredColumn(string Name, ColumnType Type, int Precision, int Scale, int Ordinal);

    public static ImmutableArray<StoredColumn> Stored(DatasetPlan plan)
    {
        var partitioning = plan.Partitioning.Where(p => p.Kind == PartitionKind.Column).Select(p => p.Column).ToHashSet();
        return
        [
            .. plan.Columns.Where(c => !partitioning.Contains(c.Ordinal)).Select(c => new StoredColumn(c.Name, c.Type, c.Precision, c.Scale, c.Ordinal)),
            .. plan.StoresDepartment ? [new StoredColumn(SystemColumns.Department, ColumnType.String, 0, 0, -1)] : Array.Empty<StoredColumn>(),
            .. SystemColumns.Stored.Select(s => new StoredColumn(s.Name, s.Type, 0, 0, -1)),
        ];
    }
}
