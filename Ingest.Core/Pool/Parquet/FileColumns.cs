using Ingest.Core.Contracts;
using Parquet.Data;
using Parquet.Schema;

namespace Ingest.Core.Pool.Parquet;

/// <summary>
/// How columns are read: by their physical type (bytes, integers), whatever a reader of the logical type would make of them. Parquet.Net compares a field that it is given
/// with the file's schema by name only, so text comes without a detour over UTF-16 and instants without one over DateTime.
/// </summary>
internal static class FileColumns
{
    /// <summary>The physical field of a column by its contract type; for reading.</summary>
    public static DataField Physical(string name, ColumnType type, int precision, int scale) => type switch
    {
        ColumnType.String or ColumnType.Binary => new DataField(name, typeof(byte[]), isNullable: true),
        ColumnType.Int or ColumnType.Date => new DataField(name, typeof(int), isNullable: true),
        ColumnType.Long or ColumnType.Timestamp => new DataField(name, typeof(long), isNullable: true),
        ColumnType.Double => new DataField(name, typeof(double), isNullable: true),
        ColumnType.Boolean => new DataField(name, typeof(bool), isNullable: true),
        ColumnType.Decimal when precision <= 9 => new DataField(name, typeof(int), isNullable: true),
        ColumnType.Decimal when precision <= 18 => new DataField(name, typeof(long), isNullable: true),
        ColumnType.Decimal => new DecimalDataField(name, precision, scale, isNullable: true, clrType: typeof(BigDecimal)),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };
}
