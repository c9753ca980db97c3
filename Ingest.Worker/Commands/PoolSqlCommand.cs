using System.CommandLine;
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
        if (string.IsNullOrWhiteSpace(sql))
        {
            await Console.Error.WriteLineAsync("The query is empty. Give one, such as: pool sql 'show tables'").ConfigureAwait(false);
            return ExitCodes.BadConfiguration;
        }

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
            if (refused.Message.Contains("Table with name", StringComparison.Ordinal)) await Console.Error.WriteLineAsync($"Tables: {string.Join(", ", pool.Tables.Select(t => DuckDbQuery.Quote(t.Name)))}").ConfigureAwait(false);
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
                while (reader.Read()) Console.WriteLine(string.Join(',', names.Select((_, i) => reader.IsDBNull(i) ? "" : CsvCell(SqlValue.Text(reader, i)))));
                break;
            case Style.Json:
                while (reader.Read()) Console.WriteLine(SqlValue.JsonRow(reader, names));
                break;
        }
    }

    private static void PrintTable(DuckDBDataReader reader, string[] names)
    {
        var table = Output.Table(names);
        while (reader.Read()) table.Row([.. names.Select((_, i) => reader.IsDBNull(i) ? "" : SqlValue.Text(reader, i))]);
        Output.Console.Write(table);
        Console.WriteLine($"{Output.Count(table.Count)} {(table.Count == 1 ? "row" : "rows")}");
    }

    private static string CsvCell(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
