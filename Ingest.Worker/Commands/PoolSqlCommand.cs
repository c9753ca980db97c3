using System.CommandLine;
using System.Text.RegularExpressions;
using DuckDB.NET.Data;

namespace Ingest.Worker.Commands;

/// <summary><c>pool sql</c>: DuckDB over exactly the live files, each table registered by its name.</summary>
internal static partial class PoolSqlCommand
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
            foreach (var table in pool.Tables)
            {
                if (sql.Contains(table.Name, StringComparison.OrdinalIgnoreCase)) await PoolViews.AddAsync(query, table, cancellation).ConfigureAwait(false);
                else PoolViews.AddColumns(query, table);
            }

            return Copies().IsMatch(sql) ? Done(style, $"Done: {Output.Count(query.Execute(sql), "row")}.") : Answer(query, sql, style);
        }
        catch (Exception refused) when (refused is DuckDBException or InvalidDataException)
        {
            await Console.Error.WriteLineAsync(refused.Message).ConfigureAwait(false);
            if (refused.Message.Contains("Table with name", StringComparison.Ordinal)) await Console.Error.WriteLineAsync($"Tables: {string.Join(", ", pool.Tables.Select(t => DuckDbQuery.Quote(t.Name)))}").ConfigureAwait(false);
            if (refused.Message.Contains(pool.Root + "/", StringComparison.Ordinal) && !sql.Contains(pool.Root, StringComparison.Ordinal)) await Console.Error.WriteLineAsync($"That file is the pool's. Look with: pool verify --pool {OwnCommand.Quoted(pool.Root)}").ConfigureAwait(false);
            return ExitCodes.Failed;
        }
    }

    private static int Answer(DuckDbQuery query, string sql, OutputStyle style)
    {
        using var reader = query.Read(sql);
        if (reader.FieldCount == 0 && OfNoUse().Match(sql) is { Success: true } statement)
        {
            Console.Error.WriteLine($"'{statement.Groups[1].Value}' alone does nothing: nothing is kept between queries, and the pool is only read. Give the query that needs it behind it: 'create table x as …; select … from x'.");
            return ExitCodes.BadConfiguration;
        }

        if (reader.FieldCount == 0) return Done(style, "Done.");
        Print(reader, style);
        return ExitCodes.Ok;
    }

    private static int Done(OutputStyle style, string said)
    {
        (style == OutputStyle.Table ? Console.Out : Console.Error).WriteLine(said);
        return ExitCodes.Ok;
    }

    private static void Print(DuckDBDataReader reader, OutputStyle style)
    {
        var names = Enumerable.Range(0, reader.FieldCount).Select(reader.GetName).ToArray();
        switch (style)
        {
            case OutputStyle.Table when names is ["explain_key", "explain_value"]:
                while (reader.Read()) Console.WriteLine(reader.GetString(1).TrimEnd());
                break;
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

    /// <summary>One COPY and nothing behind it: the reader does not tell its count.</summary>
    [GeneratedRegex(@"^\s*copy\b[^;]*;?\s*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Copies();

    /// <summary>A query that begins so, and returns nothing, changed only what is gone with it. What begins with ATTACH may write to another database.</summary>
    [GeneratedRegex(@"^(?:\s|--[^\n]*\n|/\*[\s\S]*?\*/)*(create|drop|alter|insert|update|delete)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OfNoUse();
}
