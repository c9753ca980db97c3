using System.Text;
using Ingest.Core.Contracts;

namespace Ingest.Core.Decoding;

/// <summary>What a record weighs in memory beside its bytes, however short it is.</summary>
internal static class RecordWeight
{
    // Place, span and extras of a located record, and what is counted for every typed row: its place, span, key, event date and the offset of its rescued fields.
    private const int LocatedBytes = 24;
    private const int TypedBytes = 43;

    // Where a value lies, of each column.
    private const int FieldBytes = 12;

    /// <summary>Bytes a record, located and typed.</summary>
    public static int Of(DatasetPlan plan) => LocatedBytes + TypedBytes + plan.Columns.Sum(c => FieldBytes + 1 + Typed(c));

    private static int Typed(ColumnPlan column) => column.Type switch
    {
        ColumnType.String or ColumnType.Binary => sizeof(int) + Encoding.UTF8.GetByteCount(column.Constant ?? column.Default ?? ""),
        ColumnType.Int or ColumnType.Date => sizeof(int),
        ColumnType.Boolean => sizeof(byte),
        ColumnType.Decimal when column.Precision > 18 => 2 * sizeof(long),
        _ => sizeof(long),
    };
}
