using System.CommandLine;
using System.Globalization;
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

    /// <exception cref="CommandRefusedException">Both were given.</exception>
    public OutputStyle Of(ParseResult parse) => (parse.GetValue(_csv), parse.GetValue(_json)) switch
    {
        (true, true) => throw new CommandRefusedException(ExitCodes.BadConfiguration, "--csv and --json are given. Give one of them."),
        (true, _) => OutputStyle.Csv,
        (_, true) => OutputStyle.Json,
        _ => OutputStyle.Table,
    };

    /// <summary>Prints rows. A table, which people look at, gets what the view makes of them; JSON gets numbers where the view says so, and null for empty cells.</summary>
    public static void Write(OutputStyle style, IReadOnlyList<string> names, IReadOnlyList<string[]> rows, TableView view)
    {
        switch (style)
        {
            case OutputStyle.Csv:
                Console.WriteLine(string.Join(',', names.Select(CsvCell)));
                foreach (var row in rows) Console.WriteLine(string.Join(',', row.Select(CsvCell)));
                break;
            case OutputStyle.Json:
                foreach (var row in rows) Console.WriteLine(Json(names, row, view));
                break;
            default:
                Output.Console.Write(view.Of(names, rows));
                break;
        }
    }

    public static string CsvCell(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>Text stays text, whatever it looks like: there is a department 0191.</summary>
    public static string Json(IReadOnlyList<string> names, string[] row, TableView view)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, s_json))
        {
            writer.WriteStartObject();
            for (var i = 0; i < names.Count; i++)
            {
                if (row[i].Length == 0) writer.WriteNull(names[i]);
                else if (view.IsNumber(names[i])) writer.WriteNumber(names[i], decimal.Parse(row[i], CultureInfo.InvariantCulture));
                else writer.WriteString(names[i], row[i]);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
