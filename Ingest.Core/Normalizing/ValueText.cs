using System.Globalization;
using System.Text;
using Ingest.Core.Contracts;

namespace Ingest.Core.Normalizing;

/// <summary>A clean value as people read it; protected values are masked.</summary>
public static class ValueText
{
    /// <summary>The whole value; empty when there is none.</summary>
    public static string Of(ColumnPlan column, ColumnVector vector, int row)
    {
        if (vector.Valid[row] == 0) return "";
        if (column.Protected) return "***";
        return column.Type switch
        {
            ColumnType.String => Encoding.UTF8.GetString(((BytesVector)vector)[row]),
            ColumnType.Int => ((FixedVector<int>)vector).Values[row].ToString(CultureInfo.InvariantCulture),
            ColumnType.Long => ((FixedVector<long>)vector).Values[row].ToString(CultureInfo.InvariantCulture),
            ColumnType.Double => ((FixedVector<double>)vector).Values[row].ToString("R", CultureInfo.InvariantCulture),
            ColumnType.Boolean => ((FixedVector<byte>)vector).Values[row] != 0 ? "true" : "false",
            ColumnType.Date => DateOnly.FromDayNumber(((FixedVector<int>)vector).Values[row] + new DateOnly(1970, 1, 1).DayNumber).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            ColumnType.Timestamp => DateTime.UnixEpoch.AddTicks(((FixedVector<long>)vector).Values[row] * TimeSpan.TicksPerMicrosecond).ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFZ", CultureInfo.InvariantCulture),
            ColumnType.Decimal => Decimal(column, vector, row),
            _ => "",
        };
    }

    /// <summary>The value as a sentence shows it: texts in quotation marks, and cut.</summary>
    internal static string Excerpt(ColumnPlan column, ColumnVector vector, int row)
    {
        if (vector.Valid[row] == 0) return "null";
        if (column.Protected) return Decoding.Excerpt.Protected;
        return vector is BytesVector text ? $"\"{Decoding.Excerpt.Of(text[row])}\"" : Of(column, vector, row);
    }

    private static string Decimal(ColumnPlan column, ColumnVector vector, int row)
    {
        var unscaled = vector is FixedVector<long> narrow ? narrow.Values[row] : ((FixedVector<Int128>)vector).Values[row];
        var digits = Int128.Abs(unscaled).ToString(CultureInfo.InvariantCulture).PadLeft(column.Scale + 1, '0');
        return (unscaled < 0 ? "-" : "") + (column.Scale == 0 ? digits : $"{digits[..^column.Scale]}.{digits[^column.Scale..]}");
    }
}
