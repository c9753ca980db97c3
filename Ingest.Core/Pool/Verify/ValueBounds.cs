using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Ingest.Core.Contracts;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace Ingest.Core.Pool.Verify;

/// <summary>Holds a file's statistics in the log against every value of its columns.</summary>
internal static class ValueBounds
{
    public static async ValueTask CheckAsync(ParquetReader reader, LogAction.Add file, IReadOnlyDictionary<string, string> types, List<Finding> findings, CancellationToken cancellation)
    {
        using var stats = JsonDocument.Parse(file.Stats!);
        foreach (var field in reader.Schema.GetDataFields())
        {
            if (!types.TryGetValue(field.Name, out var type)) continue;
            var nulls = 0L;
            var outside = 0L;
            var (min, max) = (Bound(stats, "minValues", field.Name), Bound(stats, "maxValues", field.Name));
            for (var g = 0; g < reader.RowGroupCount; g++)
            {
                var group = reader.OpenRowGroupReader(g);
                var (groupNulls, groupOutside) = await CountAsync(group, field.Name, type, min, max, cancellation);
                nulls += groupNulls;
                outside += groupOutside;
            }

            if (outside > 0) findings.Add(new Finding(CheckList.Statistics, true, $"{file.Path}: {outside} values of {field.Name} lie outside the bounds in the log, so filtered reads would miss them."));
            if (stats.RootElement.TryGetProperty("nullCount", out var counts) && counts.TryGetProperty(field.Name, out var count) && count.GetInt64() != nulls)
                findings.Add(new Finding(CheckList.Statistics, true, $"{file.Path}: {field.Name} has {nulls} nulls, and {count} in the log."));
        }
    }

    private static ValueTask<(long Nulls, long Outside)> CountAsync(ParquetRowGroupReader group, string name, string type, JsonElement? min, JsonElement? max, CancellationToken cancellation) => type switch
    {
        "string" => ReadAsync<ReadOnlyMemory<byte>>(group, Field(name, ColumnType.String), v => IsOutside(v.Span, min, max), cancellation),
        "integer" => ReadAsync<int>(group, Field(name, ColumnType.Int), v => v < min?.GetInt32() || v > max?.GetInt32(), cancellation),
        "long" => ReadAsync<long>(group, Field(name, ColumnType.Long), v => v < min?.GetInt64() || v > max?.GetInt64(), cancellation),
        "double" => ReadAsync<double>(group, Field(name, ColumnType.Double), v => v < min?.GetDouble() || v > max?.GetDouble(), cancellation),
        "date" => ReadAsync<int>(group, Field(name, ColumnType.Date), Outside(Days(min), Days(max)), cancellation),
        "timestamp" => ReadAsync<long>(group, Field(name, ColumnType.Timestamp), OutsideInstants(Micros(min), Micros(max)), cancellation),
        "binary" => ReadAsync<ReadOnlyMemory<byte>>(group, Field(name, ColumnType.Binary), static _ => false, cancellation),
        "boolean" => ReadAsync<bool>(group, Field(name, ColumnType.Boolean), static _ => false, cancellation),
        _ => DecimalsAsync(group, name, type, min, max, cancellation),
    };

    private static ValueTask<(long, long)> DecimalsAsync(ParquetRowGroupReader group, string name, string type, JsonElement? min, JsonElement? max, CancellationToken cancellation)
    {
        var digits = type["decimal(".Length..^1].Split(',');
        var (precision, scale) = (int.Parse(digits[0], CultureInfo.InvariantCulture), int.Parse(digits[1], CultureInfo.InvariantCulture));
        var field = FileColumns.Physical(name, ColumnType.Decimal, precision, scale);
        _ = new ParquetSchema(field);
        var (low, high) = (Unscaled(min, scale), Unscaled(max, scale));
        if (precision <= 9) return ReadAsync<int>(group, field, v => v < low || v > high, cancellation);
        return precision <= 18
            ? ReadAsync<long>(group, field, v => v < low || v > high, cancellation)
            : ReadAsync<BigDecimal>(group, field, v => v.UnscaledValue < low || v.UnscaledValue > high, cancellation);
    }

    private static async ValueTask<(long Nulls, long Outside)> ReadAsync<T>(ParquetRowGroupReader group, DataField field, Predicate<T> isOutside, CancellationToken cancellation) where T : struct
    {
        var rows = (int)group.RowCount;
        var values = new T[rows];
        var levels = new int[rows];
        await group.ReadRawAsync<T>(field, values, levels, null, cancellation);
        var present = levels.AsSpan().Count(1);
        var outside = 0L;
        for (var i = 0; i < present; i++)
        {
            if (isOutside(values[i])) outside++;
        }

        return (rows - present, outside);
    }

    private static DataField Field(string name, ColumnType type)
    {
        var field = FileColumns.Physical(name, type, 0, 0);
        _ = new ParquetSchema(field);
        return field;
    }

    private static bool IsOutside(ReadOnlySpan<byte> value, JsonElement? min, JsonElement? max) =>
        (min is { } low && value.SequenceCompareTo(Encoding.UTF8.GetBytes(low.GetString()!)) < 0) || (max is { } high && value.SequenceCompareTo(Encoding.UTF8.GetBytes(high.GetString()!)) > 0);

    private static Predicate<int> Outside(int? min, int? max) => v => v < min || v > max;

    private static Predicate<long> OutsideInstants(long? min, long? max) => v => v < min || v > max;

    private static int? Days(JsonElement? bound) => bound is { } b ? DateOnly.ParseExact(b.GetString()!, "yyyy-MM-dd", CultureInfo.InvariantCulture).DayNumber - new DateOnly(1970, 1, 1).DayNumber : null;

    private static long? Micros(JsonElement? bound) =>
        bound is { } b ? (DateTimeOffset.Parse(b.GetString()!, CultureInfo.InvariantCulture) - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond : null;

    private static BigInteger? Unscaled(JsonElement? bound, int scale)
    {
        if (bound is not { } b) return null;
        var text = b.GetRawText();
        var point = text.IndexOf('.', StringComparison.Ordinal);
        var fraction = point < 0 ? "" : text[(point + 1)..];
        return BigInteger.Parse((point < 0 ? text : text[..point]) + fraction.PadRight(scale, '0'), CultureInfo.InvariantCulture);
    }

    private static JsonElement? Bound(JsonDocument stats, string side, string column) =>
        stats.RootElement.TryGetProperty(side, out var bounds) && bounds.TryGetProperty(column, out var bound) ? bound : null;
}
