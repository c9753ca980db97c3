using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>Turns the raw fields of one column into a typed vector, all rows of a chunk in one loop. Not thread-safe.</summary>
internal abstract class ColumnNormalizer(ColumnPlan column)
{
    protected ColumnPlan Column { get; } = column;

    protected CellText Text { get; } = new(column);

    /// <summary>Fills <paramref name="into"/> with one entry a record; those that cannot be read are null and noted in <paramref name="faults"/>.</summary>
    public abstract void Normalize(DecodedRecords records, byte[] buffer, ColumnVector into, RowFaults faults);

    /// <exception cref="ArgumentException">The column's default or constant is no value of its type, or its type cannot stand in a contract.</exception>
    public static ColumnNormalizer Create(ColumnPlan column) => column.Type switch
    {
        ColumnType.String => new StringNormalizer(column),
        ColumnType.Int => new FixedNormalizer<int, IntReader>(column, default),
        ColumnType.Long => new FixedNormalizer<long, LongReader>(column, default),
        ColumnType.Double => new FixedNormalizer<double, DoubleReader>(column, default),
        ColumnType.Decimal when column.Precision <= 18 => new FixedNormalizer<long, SmallDecimalReader>(column, new(column.Precision, column.Scale)),
        ColumnType.Decimal => new FixedNormalizer<Int128, WideDecimalReader>(column, new(column.Precision, column.Scale)),
        ColumnType.Boolean => new FixedNormalizer<byte, BooleanReader>(column, new(column.TrueWords, column.FalseWords)),
        ColumnType.Date => new FixedNormalizer<int, DateReader>(column, new(column.Formats, column.TimeZone)),
        ColumnType.Timestamp => new FixedNormalizer<long, TimestampReader>(column, new(column.Formats, column.TimeZone)),
        _ => throw new ArgumentException($"Column {column.Name}: type {column.Type} cannot be read from a transfer.", nameof(column)),
    };

    /// <summary>The text that stands in for a missing value: a constant is a default of a column without sources.</summary>
    protected string? Fallback => Column.Constant ?? Column.Default;

    protected void NoteMissing(int row, CellState state, RowFaults faults)
    {
        switch (state)
        {
            case CellState.None when Column.Required: faults.Refuse(row, Column.Ordinal, ReasonCode.MissingRequired); break;
            case CellState.Composite: faults.Mismatch(row, Column, ReasonCode.TypeMismatch); break;
            case CellState.NotUnicode: faults.Mismatch(row, Column, ReasonCode.NotUtf8); break;
            default: break;
        }
    }
}
