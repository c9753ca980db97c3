using System.CommandLine;
using System.Text.RegularExpressions;
using DuckDB.NET.Data;

namespace Ingest.Worker.Commands;

/// <summary><c>pool sql</c>: DuckDB over exactly the live files, each table registered by its name.</summary>
internal static partial class PoolSqlCommand
{
    private const int InterruptsMax = 30;

    private static readonly TimeSpan s_betweenInterrupts = TimeSpan.FromMilliseconds(100);

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
        var query = new DuckDbQuery();
        var work = Task.FromResult(ExitCodes.Failed);
        try
        {
            foreach (var table in pool.Tables)
            {
                if (sql.Contains(table.Name, StringComparison.OrdinalIgnoreCase)) await PoolViews.AddAsync(query, table, cancellation).ConfigureAwait(false);
                else PoolViews.AddColumns(query, table);
            }

            // On a thread of its own: the library that knows of signals waits for this one to wait.
            work = Task.Factory.StartNew(() => Answer(query, sql, style), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            return await work.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await InterruptAsync(query, work).ConfigureAwait(false);
            throw;
        }
        catch (Exception refused) when (refused is CommandRefusedException or DuckDBException or InvalidDataException or IOException)
        {
            await ExplainAsync(refused.Message, sql, pool).ConfigureAwait(false);
            return ExitCodes.Failed;
        }
        finally
        {
            if (work.IsCompleted) query.Dispose();
            else query.DeleteFolder();
        }
    }

    /// <summary>Again and again, for an interrupt that comes between two statements is forgotten. What waits for the reader of a pipe ends with the process.</summary>
    private static async Task InterruptAsync(DuckDbQuery query, Task work)
    {
        for (var tries = 0; tries < InterruptsMax && !work.IsCompleted; tries++)
        {
            query.Interrupt();
            await Task.WhenAny(work, Task.Delay(s_betweenInterrupts, TimeProvider.System, CancellationToken.None)).ConfigureAwait(false);
        }
    }

    private static async Task ExplainAsync(string refused, string sql, PoolTables pool)
    {
        await Console.Error.WriteLineAsync(refused).ConfigureAwait(false);
        if (refused.Contains("Table with name", StringComparison.Ordinal)) await Console.Error.WriteLineAsync($"Tables: {string.Join(", ", pool.Tables.Select(t => DuckDbQuery.Quote(t.Name)))}").ConfigureAwait(false);
        if (refused.Contains(pool.Root + "/", StringComparison.Ordinal) && !sql.Contains(pool.Root, StringComparison.Ordinal)) await Console.Error.WriteLineAsync($"That file is the pool's. Look with: pool verify --pool {OwnCommand.Quoted(pool.Root)}").ConfigureAwait(false);
    }

    private static int Answer(DuckDbQuery query, string sql, OutputStyle style)
    {
        using var output = StandardOutput.Open(isForPrograms: style != OutputStyle.Table);
        var printer = new SqlPrinter(output, style, Output.Console.Profile.Width, !Console.IsOutputRedirected, StandardOutput.IsUnread);
        var isAnswered = false;
        foreach (var result in query.Run(sql))
        {
            isAnswered |= result.HasRows || result.Copied is not null;
            if (result.Copied is { } rows) Done($"Done: {Output.Count(rows, "row")}.");
            else if (result.HasRows && !printer.Print(result)) return ExitCodes.Ok;
        }

        if (isAnswered) return ExitCodes.Ok;
        if (OfNoUse().Match(sql) is { Success: true } statement && !Elsewhere().IsMatch(sql))
        {
            Console.Error.WriteLine($"'{statement.Groups[1].Value}' alone does nothing: nothing is kept between queries, and the pool is only read. Give the query that needs it behind it: 'create table x as …; select … from x'.");
            return ExitCodes.BadConfiguration;
        }

        Done("Done.");
        return ExitCodes.Ok;

        void Done(string said) => (style == OutputStyle.Table ? output : Console.Error).WriteLine(said);
    }

    /// <summary>A query that begins so, and returns nothing, changed only what is gone with it. What begins with ATTACH may write to another database.</summary>
    [GeneratedRegex(@"^(?:\s|--[^\n]*\n|/\*[\s\S]*?\*/)*(create|drop|alter|insert|update|delete)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OfNoUse();

    /// <summary>What may write to files or other databases, among several statements.</summary>
    [GeneratedRegex(@"\b(attach|export)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Elsewhere();
}
