using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DuckDB.NET.Data;

namespace Ingest.Worker.Commands;

/// <summary><c>pool sql</c>: DuckDB over exactly the live files, each table registered by its name.</summary>
internal static class PoolSqlCommand
{
    private enum Style
    {
        Table,
        Csv,
        Json,
    }

    public static Command Create()
    {
        var sql = new Argument<string>("sql") { Description = "The query; tables by name, those with a dash in double quotes." };
        var csv = new Option<bool>("--csv") { Description = "Print CSV." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object a line." };
        var pool = PoolCommand.PoolOption();
        var command = new Command("sql", "Run a query with DuckDB over exactly the live files of the pool.") { sql, pool, csv, json };
        command.SetAction((parse, cancellation) =>
            RunAsync(parse.GetValue(sql)!, parse.GetValue(pool), parse.GetValue(csv) ? Style.Csv : parse.GetValue(json) ? Style.Json : Style.Table, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string sql, string? poolFolder, Style style, CancellationToken cancellation)
    {
        if (await PoolTables.OpenAsync(poolFolder, cancellation).ConfigureAwait(false) is not { } pool) return ExitCodes.BadConfiguration;
        using var query = new DuckDbQuery();
        try
        {
            foreach (var table in pool.Tables.Where(t => t.Folder is not null || sql.Contains(t.Name, StringComparison.OrdinalIgnoreCase))) await PoolViews.AddAsync(query, table, cancellation).ConfigureAwait(false);
            using var reader = query.Read(sql);
            Print(reader, style);
            return ExitCodes.Ok;
        }
        catch (Exception refused) when (refused is DuckDBException or InvalidDataException)
        {
            await Console.Error.WriteLineAsync(refused.Message).ConfigureAwait(false);
            return ExitCodes.Failed;
        }
    }

    private static void Print(DuckDBDataReader reader, Style style)
    {
        var names = Enumerable.Range(0, reader.FieldCount).Select(reader.GetName).ToArray();
        switch (style)
        {
            case Style.Table:
                PrintTable(reader, names);
                break;
            case Style.Csv:
                Console.WriteLine(string.Join(',', names.Select(CsvCell)));
                while (reader.Read()) Console.WriteLine(string.Join(',', names.Select((_, i) => reader.IsDBNull(i) ? "" : CsvCell(Text(reader, i)))));
                break;
            case Style.Json:
                while (reader.Read()) Console.WriteLine(Json(reader, names));
                break;
        }
    }

    private static void PrintTable(DuckDBDataReader reader, string[] names)
    {
        var table = Output.Table(names);
        var rows = 0;
        while (reader.Read())
        {
            table.Row([.. names.Select((_, i) => reader.IsDBNull(i) ? "" : Text(reader, i))]);
            rows++;
        }

        Output.Console.Write(table);
        Console.WriteLine($"{Output.Count(rows)} {(rows == 1 ? "row" : "rows")}");
    }

    private static string Json(DuckDBDataReader reader, string[] names)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            for (var i = 0; i < names.Length; i++)
            {
                writer.WritePropertyName(names[i]);
                if (reader.IsDBNull(i)) writer.WriteNullValue();
                else WriteValue(writer, reader.GetValue(i), Text(reader, i));
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteValue(Utf8JsonWriter writer, object value, string text)
    {
        if (value is bool truth) writer.WriteBooleanValue(truth);
        else if (value is sbyte or short or int or long or byte or ushort or uint or ulong or decimal or System.Numerics.BigInteger or float or double && double.IsFinite(Convert.ToDouble(text, CultureInfo.InvariantCulture)))
            writer.WriteRawValue(text);
        else writer.WriteStringValue(text);
    }

    private static string Text(DuckDBDataReader reader, int column) => reader.GetValue(column) switch
    {
        DateTime time when reader.GetDataTypeName(column).Contains("Timestamp", StringComparison.OrdinalIgnoreCase) => time.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF", CultureInfo.InvariantCulture) + "Z",
        DateTime date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        DateTimeOffset time => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF", CultureInfo.InvariantCulture) + "Z",
        DateOnly date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        bool truth => truth ? "true" : "false",
        Stream bytes => Encoding.UTF8.GetString(ReadAll(bytes)),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        var other => other?.ToString() ?? "",
    };

    private static byte[] ReadAll(Stream stream)
    {
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    private static string CsvCell(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
