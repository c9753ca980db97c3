using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Contracts;
using Parquet.Data;
using Parquet.Schema;

namespace Ingest.Core.Pool.Parquet;

/// <summary>
/// The two schemas by which we write. Parquet.Net 6.1 encodes by the field that it is given and describes by the schema that the writer was made with,
/// and compares the two by name only. The logical schema says what a column is (text, instant, decimal, date); the physical one gives its values as
/// they lie in memory (bytes, integers). So text needs no detour over UTF-16, and the footer's statistics are those of the integers, where the library's own for
/// instants are wrong by a factor of 1,000. Footer tests guard this.
/// </summary>
internal sealed class FileColumns
{
    private FileColumns(DataField[] logical, DataField[] physical)
    {
        LogicalSchema = new ParquetSchema(logical);
        PhysicalSchema = new ParquetSchema(physical);
        Fields = physical;
    }

    public ParquetSchema LogicalSchema { get; }

    /// <summary>Fields must belong to a schema; this one is never written.</summary>
    public ParquetSchema PhysicalSchema { get; }

    public DataField[] Fields { get; }

    public static FileColumns For(Schema schema)
    {
        var fields = schema.FieldsList;
        return new FileColumns([.. fields.Select(Logical)], [.. fields.Select(PhysicalOf)]);
    }

    private static DataField Logical(Apache.Arrow.Field field) => field.DataType switch
    {
        StringType => new DataField(field.Name, typeof(string), isNullable: true),
        TimestampType => new DateTimeDataField(field.Name, DateTimeFormat.Timestamp, isAdjustedToUTC: true, unit: DateTimeTimeUnit.Micros, isNullable: true),
        Date32Type => new DataField(field.Name, typeof(DateOnly), isNullable: true),
        Decimal128Type type => new DecimalDataField(field.Name, type.Precision, type.Scale, isNullable: true),
        _ => PhysicalOf(field),
    };

    private static DataField PhysicalOf(Apache.Arrow.Field field) => field.DataType switch
    {
        StringType or BinaryType => new DataField(field.Name, typeof(byte[]), isNullable: true),
        Int32Type or Date32Type => new DataField(field.Name, typeof(int), isNullable: true),
        Int64Type or TimestampType => new DataField(field.Name, typeof(long), isNullable: true),
        DoubleType => new DataField(field.Name, typeof(double), isNullable: true),
        BooleanType => new DataField(field.Name, typeof(bool), isNullable: true),
        Decimal128Type { Precision: <= 9 } => new DataField(field.Name, typeof(int), isNullable: true),
        Decimal128Type { Precision: <= 18 } => new DataField(field.Name, typeof(long), isNullable: true),
        Decimal128Type type => new DecimalDataField(field.Name, type.Precision, type.Scale, isNullable: true, clrType: typeof(BigDecimal)),
        _ => throw new InvalidOperationException($"No Parquet type for {field.DataType}."),
    };

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
