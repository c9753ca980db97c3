using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Apache.Arrow;

namespace Ingest.Core.Pool.Parquet;

/// <summary>
/// Delta's statistics of a file (Delta protocol, "Per-file Statistics"). Missing ones are always safe, wrong ones lose rows: bounds of text are cut outwards
/// to 32 characters, bounds of instants outwards to milliseconds, everything else is exact.
/// </summary>
internal static class FileStatistics
{
    /// <summary>As Spark: bounds for the first 32 columns only.</summary>
    private const int BoundedColumns = 32;

    private const int TextCharactersMax = 32;

    public static string Json(RecordBatch batch)
    {
        var bounds = new (string? Min, string? Max)[Math.Min(BoundedColumns, batch.ColumnCount)];
        for (var i = 0; i < bounds.Length; i++) bounds[i] = batch.Column(i).NullCount < batch.Length ? Bounds(batch.Column(i)) : default;

        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("numRecords", batch.Length);
            WriteBounds(writer, "minValues", batch, bounds, static b => b.Min);
            WriteBounds(writer, "maxValues", batch, bounds, static b => b.Max);
            writer.WriteStartObject("nullCount");
            for (var i = 0; i < batch.ColumnCount; i++) writer.WriteNumber(batch.Schema.GetFieldByIndex(i).Name, batch.Column(i).NullCount);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteBounds(Utf8JsonWriter writer, string name, RecordBatch batch, (string? Min, string? Max)[] bounds, Func<(string? Min, string? Max), string?> side)
    {
        writer.WriteStartObject(name);
        for (var i = 0; i < bounds.Length; i++)
        {
            if (side(bounds[i]) is not { } json) continue;
            writer.WritePropertyName(batch.Schema.GetFieldByIndex(i).Name);
            writer.WriteRawValue(json);
        }

        writer.WriteEndObject();
    }

    /// <summary>Bounds as JSON texts; null where there is none.</summary>
    private static (string? Min, string? Max) Bounds(IArrowArray array)
    {
        switch (array)
        {
            case StringArray text: return TextBounds(text);
            case Int32Array: return Exact(Range<int>(array), static v => v.ToString(CultureInfo.InvariantCulture));
            case Int64Array: return Exact(Range<long>(array), static v => v.ToString(CultureInfo.InvariantCulture));
            case DoubleArray: return Exact(Range<double>(array), static v => v.ToString("R", CultureInfo.InvariantCulture));
            case Date32Array: return Exact(Range<int>(array), static v => $"\"{Batching.PartitionValue.Date(v)}\"");
            case TimestampArray:
                var (first, last) = Range<long>(array);
                return (Instant(Math.DivRem(first, 1000) is var (q, r) && r < 0 ? q - 1 : q), Instant(Math.DivRem(last, 1000) is var (q2, r2) && r2 > 0 ? q2 + 1 : q2));
            case Decimal128Array wide:
                return Exact(Range<Int128>(array), v => DecimalText(v, wide.Scale));
            default: return default;
        }
    }

    private static (string, string) Exact<T>((T Min, T Max) range, Func<T, string> text) => (text(range.Min), text(range.Max));

    private static (T Min, T Max) Range<T>(IArrowArray array) where T : struct, IComparable<T>
    {
        var values = MemoryMarshal.Cast<byte, T>(array.Data.Buffers[1].Span)[..array.Length];
        T min = default, max = default;
        var any = false;
        for (var i = 0; i < values.Length; i++)
        {
            if (array.NullCount > 0 && array.IsNull(i)) continue;
            var value = values[i];
            if (!any || value.CompareTo(min) < 0) min = value;
            if (!any || value.CompareTo(max) > 0) max = value;
            any = true;
        }

        return (min, max);
    }

    private static (string? Min, string? Max) TextBounds(StringArray array)
    {
        var offsets = array.ValueOffsets;
        var data = array.Values;
        int min = -1, max = -1;
        for (var i = 0; i < array.Length; i++)
        {
            if (array.NullCount > 0 && array.IsNull(i)) continue;
            var value = data[offsets[i]..offsets[i + 1]];
            if (min < 0 || value.SequenceCompareTo(data[offsets[min]..offsets[min + 1]]) < 0) min = i;
            if (max < 0 || value.SequenceCompareTo(data[offsets[max]..offsets[max + 1]]) > 0) max = i;
        }

        var lowest = Encoding.UTF8.GetString(data[offsets[min]..offsets[min + 1]]);
        var highest = Encoding.UTF8.GetString(data[offsets[max]..offsets[max + 1]]);
        return (Quote(Prefix(lowest)), CutOutwards(highest) is { } bound ? Quote(bound) : null);
    }

    /// <summary>The first characters, never half of a surrogate pair.</summary>
    private static string Prefix(string text)
    {
        if (text.Length <= TextCharactersMax) return text;
        return char.IsHighSurrogate(text[TextCharactersMax - 1]) ? text[..(TextCharactersMax - 1)] : text[..TextCharactersMax];
    }

    /// <summary>A text that is not below any text with this prefix: the prefix and the highest character there is; null when the text itself goes on with that.</summary>
    private static string? CutOutwards(string text)
    {
        var prefix = Prefix(text);
        if (prefix.Length == text.Length) return text;
        return text.AsSpan(prefix.Length).StartsWith("\U0010FFFF", StringComparison.Ordinal) ? null : prefix + "\U0010FFFF";
    }

    private static string Quote(string text) => "\"" + JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping) + "\"";

    /// <summary>Null beyond the year 9999, where the format ends.</summary>
    private static string? Instant(long milliseconds) => milliseconds is < -62_135_596_800_000 or > 253_402_300_799_999
        ? null
        : $"\"{DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)}\"";

    private static string DecimalText(Int128 unscaled, int scale)
    {
        var digits = Int128.Abs(unscaled).ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
        var sign = unscaled < 0 ? "-" : "";
        return scale == 0 ? sign + digits : $"{sign}{digits[..^scale]}.{digits[^scale..]}";
    }
}
