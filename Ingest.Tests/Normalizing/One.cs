using System.Globalization;
using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Normalizing;

/// <summary>One value through one column: its result as text, or the reason why it was refused.</summary>
internal static class One
{
    public static ColumnPlan Column(ColumnType type, string name = "value", params TextRule[] rules) => new()
    {
        Ordinal = 0,
        Name = name,
        Type = type,
        Sources = [new FieldPath([name])],
        Rules = rules.Length == 0 ? [TextRule.Trim] : [.. rules],
        NullWords = [""],
        TimeZone = ChunkBuilder.Shanghai,
        Formats = type == ColumnType.Date ? ["iso", "yyyy/M/d", "yyyyMMdd", "yyyy年M月d日"]
            : type == ColumnType.Timestamp ? ["iso", "yyyy-MM-dd HH:mm:ss", "yyyy/M/d H:mm:ss", "yyyy-MM-dd HH:mm"] : [],
        TrueWords = ["true", "t", "yes", "y", "1", "是", "真"],
        FalseWords = ["false", "f", "no", "n", "0", "否", "假"],
    };

    public static ColumnPlan Decimal(int precision, int scale) => Column(ColumnType.Decimal) with { Precision = precision, Scale = scale };

    /// <summary>The value (null for null), or the reason in angle brackets.</summary>
    public static string? Read(ColumnPlan column, Cell cell)
    {
        using var chunk = new ChunkBuilder([column]).Row(cell).Normalize();
        if (chunk.Datasets[0].Refused[0] != 0) return $"<{Assert.Single(chunk.Rejections).Reason.Text()}>";
        Assert.Empty(chunk.Rejections);
        return Show(column, chunk.Datasets[0].Columns[0], 0);
    }

    public static string? Show(ColumnPlan column, ColumnVector vector, int row)
    {
        if (vector.Valid[row] == 0) return null;
        return vector switch
        {
            BytesVector bytes => Encoding.UTF8.GetString(bytes[row]),
            FixedVector<int> days when column.Type == ColumnType.Date => DateOnly.FromDayNumber(days.Values[row] + 719_162).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            FixedVector<long> micros when column.Type == ColumnType.Timestamp =>
                DateTime.UnixEpoch.AddTicks(micros.Values[row] * 10).ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFZ", CultureInfo.InvariantCulture),
            FixedVector<int> v => v.Values[row].ToString(CultureInfo.InvariantCulture),
            FixedVector<long> v => v.Values[row].ToString(CultureInfo.InvariantCulture),
            FixedVector<Int128> v => v.Values[row].ToString(CultureInfo.InvariantCulture),
            FixedVector<double> v => v.Values[row].ToString("R", CultureInfo.InvariantCulture),
            FixedVector<byte> v => v.Values[row] == 1 ? "true" : "false",
            _ => throw new InvalidOperationException(),
        };
    }
}
