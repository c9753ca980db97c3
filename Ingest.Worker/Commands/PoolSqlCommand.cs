using System.CommandLine;
using DuckDB.NET.Data;

namespace Ingest.Worker.Commands;

/// <summary><c>pool sql</c>: DuckDB over exactly the live files, each table registered by its name.</summary>
internal static class PoolSqlCommand
{
    public static Command Create()
    {
        var sql = new Argument<string>("sql") { Description = "The query; tables by name, those with a dash in double quotes." };
        sql.Validators.Add(given =>
        {
            if (string.IsNullOrWhiteSpace(given.GetValueOrDefault<string>())) given.AddError("The query is empty. Give one, such as: pool sql 'show tables'");
        });
        var output = new OutputStyleOptions();
        return PoolArguments.Command("sql", "Run a query with DuckDB over exactly the live files of the pool.", [sql, .. output.All],
            (given, parse, cancellation) => RunAsync(parse.GetValue(sql)!, given.Pool, output.Of(parse), cancellation));
    }

    private static async Task<int> RunAsync(string sql, PoolTables pool, OutputStyle style, CancellationToken cancellation)
    {
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

    private static void Print(DuckDBDataReader reader, OutputStyle style)
    {
        var names = Enumerable.Range(0, reader.FieldCount).Select(reader.GetName).ToArray();
        switch (style)
        {
            case OutputStyle.Table:
                PrintTable(reader, names);
                break;
            case OutputStyle.Csv:
                Console.WriteLine(string.Join(',', names.Select(OutputStyleOptions.CsvCell)));
                while (reader.Read()) Console.WriteLine(string.Join(',', names.Select((_, i) => reader.IsDBNull(i) ? "" : OutputStyleOptions.CsvCell(SqlValue.Text(reader, i)))));
                break;
            case OutputStyle.Json:
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
}
