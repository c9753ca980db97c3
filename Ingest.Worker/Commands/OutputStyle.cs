using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Ingest.Worker.Commands;

/// <summary>How rows are printed.</summary>
internal enum OutputStyle
{
    Table,
    Csv,
    Json,
}

/// <summary>The options <c>--csv</c> and <c>--json</c>, and what they do to rows of text.</summary>
internal sealed class OutputStyleOptions
{
    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Option<bool> _csv = new("--csv") { Description = "Print CSV." };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object a line." };

    public IReadOnlyList<Option> All => [_csv, _json];

    public OutputStyle Of(ParseResult parse) => parse.GetValue(_csv) ? OutputStyle.Csv : parse.GetValue(_json) ? OutputStyle.Json : OutputStyle.Table;

    /// <summary>Prints rows; whole numbers are numbers in JSON. A table, which people look at, gets what <paramref name="forPeople"/> makes of them.</summary>
    public static void Write(OutputStyle style, IReadOnlyList<string> names, IReadOnlyList<string[]> rows, TableView? forPeople = null)
    {
        switch (style)
        {
            case OutputStyle.Csv:
                Console.WriteLine(string.Join(',', names.Select(CsvCell)));
                foreach (var row in rows) Console.WriteLine(string.Join(',', row.Select(CsvCell)));
                break;
            case OutputStyle.Json:
                foreach (var row in rows) Console.WriteLine(Json(names, row));
                break;
            default:
                Output.Console.Write((forPeople ?? TableView.Plain).Of(names, rows));
                break;
        }
    }

    public static string CsvCell(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Json(IReadOnlyList<string> names, string[] row)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, s_json))
        {
            writer.WriteStartObject();
            for (var i = 0; i < names.Count; i++)
            {
                if (long.TryParse(row[i], System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var number)) writer.WriteNumber(names[i], number);
                else if (row[i].Length == 0) writer.WriteNull(names[i]);
                else writer.WriteString(names[i], row[i]);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
