using System.Globalization;
using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Partition values as text, by Delta's rules: dates as yyyy-MM-dd, booleans as true and false, numbers plain. An empty text would be null as well, so contracts take it for no value.</summary>
internal static class PartitionValue
{
    private static readonly DateOnly s_epoch = new(1970, 1, 1);

    public static string Date(int days) => s_epoch.AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public static string? Of(ColumnPlan column, ColumnVector vector, int row)
    {
        if (vector.Valid[row] == 0) return null;
        return column.Type switch
        {
            ColumnType.String => Encoding.UTF8.GetString(((BytesVector)vector)[row]) is { Length: > 0 } text ? text : null,
            ColumnType.Int => ((FixedVector<int>)vector).Values[row].ToString(CultureInfo.InvariantCulture),
            ColumnType.Long => ((FixedVector<long>)vector).Values[row].ToString(CultureInfo.InvariantCulture),
            ColumnType.Boolean => ((FixedVector<byte>)vector).Values[row] != 0 ? "true" : "false",
            ColumnType.Date => Date(((FixedVector<int>)vector).Values[row]),
            _ => throw new InvalidOperationException($"A table cannot be partitioned by a column of type {column.Type}."),
        };
    }
}
