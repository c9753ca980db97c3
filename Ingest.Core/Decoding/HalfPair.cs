using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Ingest.Core.Contracts;

namespace Ingest.Core.Decoding;

/// <summary>An escape of half a surrogate pair in a JSON text: it stands for no character, so the text cannot be stored as UTF-8.</summary>
internal static class HalfPair
{
    private const int EscapeLength = 6;

    private const string NotFound = "a text in the record holds half of a surrogate pair";

    /// <summary>Where the first one begins in a text as it stands in the document; -1 when there is none.</summary>
    public static int IndexIn(ReadOnlySpan<byte> text)
    {
        for (var at = 0; ; at += EscapeLength)
        {
            at = NextEscape(text, at);
            if (at < 0) return -1;
            var unit = Unit(text, at);
            if (unit is < 0xD800 or > 0xDFFF) continue;
            if (unit >= 0xDC00 || at + (2 * EscapeLength) > text.Length || text[at + 6] != '\\' || text[at + 7] != 'u' || Unit(text, at + EscapeLength) is < 0xDC00 or > 0xDFFF) return at;
            at += EscapeLength;
        }
    }

    /// <summary>Says in which field of a refused record the first one is; the record is read for it once more.</summary>
    /// <param name="columns">Of all datasets that the record may belong to: what stands where a protected one looks is not shown.</param>
    public static string Describe(ReadOnlySpan<byte> record, IEnumerable<ColumnPlan> columns)
    {
        try
        {
            return Find(record, columns) ?? NotFound;
        }
        catch (JsonException)
        {
            // Decoding has read it before, so it is well-formed; but a sentence must not be what ends a worker.
            return NotFound;
        }
    }

    private static string? Find(ReadOnlySpan<byte> record, IEnumerable<ColumnPlan> columns)
    {
        var reader = new Utf8JsonReader(record, new JsonReaderOptions { MaxDepth = DecodeLimits.DepthMax });

        // By depth; null where an array is.
        var names = new string?[DecodeLimits.DepthMax + 2];
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.StartArray) names[reader.CurrentDepth + 1] = null;
            if (reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.String)) continue;
            var half = reader.ValueIsEscaped ? IndexIn(reader.ValueSpan) : -1;
            var isName = reader.TokenType == JsonTokenType.PropertyName;
            if (half >= 0)
            {
                var escape = Encoding.UTF8.GetString(reader.ValueSpan.Slice(half, EscapeLength));
                return isName ? $"an escape {escape} in the name of a field is half of a surrogate pair" : Describe(escape, new FieldPath([.. names.Take(reader.CurrentDepth + 1).OfType<string>()]), columns);
            }

            if (isName) names[reader.CurrentDepth] = reader.GetString();
        }

        return null;
    }

    private static string Describe(string escape, FieldPath field, IEnumerable<ColumnPlan> columns)
    {
        var isProtected = columns.Any(c => c.Protected && c.Sources.Any(s => s.Segments.Length <= field.Segments.Length && s.Segments.SequenceEqual(field.Segments.Take(s.Segments.Length))));
        return $"an escape{(isProtected ? "" : $" {escape}")} in field {Excerpt.Of(field.Plainly())} is half of a surrogate pair";
    }

    private static int NextEscape(ReadOnlySpan<byte> text, int at)
    {
        while (at < text.Length)
        {
            var backslash = text[at..].IndexOf((byte)'\\');
            if (backslash < 0) return -1;
            at += backslash;
            if (text[at + 1] == 'u') return at;
            at += 2;
        }

        return -1;
    }

    private static int Unit(ReadOnlySpan<byte> text, int at) => Utf8Parser.TryParse(text.Slice(at + 2, 4), out int unit, out _, 'x') ? unit : 0;
}
