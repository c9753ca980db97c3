using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using DuckDB.NET.Data;

namespace Ingest.Worker.Commands;

/// <summary>A value of a query's result as text, or as JSON; lists, structs and maps are JSON in either.</summary>
internal static class SqlValue
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Text(DuckDBDataReader reader, int column)
    {
        var value = reader.GetValue(column);
        return value is IEnumerable and not string and not Stream ? Json(writer => Write(writer, value)) : Text(value, HasZone(reader, column));
    }

    /// <summary>The row as one JSON object.</summary>
    public static string JsonRow(DuckDBDataReader reader, string[] names) => Json(writer =>
    {
        writer.WriteStartObject();
        for (var i = 0; i < names.Length; i++)
        {
            writer.WritePropertyName(names[i]);
            if (reader.IsDBNull(i)) writer.WriteNullValue();
            else if (reader.GetValue(i) is DateTime time && HasZone(reader, i)) writer.WriteStringValue(Text(time, hasZone: true));
            else Write(writer, reader.GetValue(i));
        }

        writer.WriteEndObject();
    });

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, s_options)) write(writer);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null or DBNull:
                writer.WriteNullValue();
                break;
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case double or float when !double.IsFinite(Convert.ToDouble(value, CultureInfo.InvariantCulture)):
                writer.WriteStringValue(Text(value, hasZone: false));
                break;
            case sbyte or short or int or long or byte or ushort or uint or ulong or decimal or System.Numerics.BigInteger or float or double:
                writer.WriteRawValue(Text(value, hasZone: false));
                break;
            case IDictionary map:
                writer.WriteStartObject();
                foreach (DictionaryEntry entry in map)
                {
                    writer.WritePropertyName(Text(entry.Key, hasZone: false));
                    Write(writer, entry.Value);
                }

                writer.WriteEndObject();
                break;
            case IEnumerable list and not string:
                writer.WriteStartArray();
                foreach (var item in list) Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteStringValue(Text(value, hasZone: false));
                break;
        }
    }

    /// <summary>Instants are printed in UTC and say so; times without a zone say nothing.</summary>
    private static bool HasZone(DuckDBDataReader reader, int column) => reader.GetDataTypeName(column).Contains("TimestampTz", StringComparison.OrdinalIgnoreCase);

    private static string Text(object value, bool hasZone) => value switch
    {
        DateTime time => time.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF", CultureInfo.InvariantCulture) + (hasZone ? "Z" : ""),
        DateTimeOffset time => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF", CultureInfo.InvariantCulture) + "Z",
        DateOnly date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        TimeOnly time => time.ToString("HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture),
        bool truth => truth ? "true" : "false",
        Stream bytes => Encoding.UTF8.GetString(ReadAll(bytes)),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        var other => other.ToString() ?? "",
    };

    private static byte[] ReadAll(Stream stream)
    {
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
