using Apache.Arrow;
using Apache.Arrow.Types;

namespace Ingest.Core.Pool.Parquet;

/// <summary>A column as Parquet stores it: the physical type, and what a reader is to make of it (parquet-format, LogicalTypes.md).</summary>
internal sealed record PhysicalColumn(string Name, IArrowType Logical, PhysicalType Type, int FixedBytes)
{
    /// <summary>The value is a 32-bit integer.</summary>
    public bool Is32 => Type == PhysicalType.Int32;

    public static PhysicalColumn Of(Field field) => field.DataType switch
    {
        BooleanType => new(field.Name, field.DataType, PhysicalType.Boolean, 0),
        Int32Type or Date32Type => new(field.Name, field.DataType, PhysicalType.Int32, 0),
        Int64Type or TimestampType => new(field.Name, field.DataType, PhysicalType.Int64, 0),
        DoubleType => new(field.Name, field.DataType, PhysicalType.Double, 0),
        StringType or BinaryType => new(field.Name, field.DataType, PhysicalType.ByteArray, 0),
        Decimal64Type { Precision: <= 9 } => new(field.Name, field.DataType, PhysicalType.Int32, 0),
        Decimal64Type => new(field.Name, field.DataType, PhysicalType.Int64, 0),
        Decimal128Type wide => new(field.Name, field.DataType, PhysicalType.FixedBytes, BytesOf(wide.Precision)),
        RunEndEncodedType runs => Of(new Field(field.Name, runs.ValuesDataType, field.IsNullable)),
        _ => throw new InvalidOperationException($"No Parquet type for {field.DataType}."),
    };

    /// <summary>The fewest bytes that hold every number of so many digits, with its sign.</summary>
    private static int BytesOf(int precision)
    {
        var greatest = Int128.One;
        for (var i = 0; i < precision; i++) greatest *= 10;
        var bytes = 1;
        while (bytes < 16 && (Int128.One << ((8 * bytes) - 1)) < greatest) bytes++;
        return bytes;
    }
}

/// <summary>Parquet's physical types, by their numbers in parquet.thrift.</summary>
internal enum PhysicalType
{
    Boolean = 0,
    Int32 = 1,
    Int64 = 2,
    Double = 5,
    ByteArray = 6,
    FixedBytes = 7,
}
