using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using DuckDB.NET.Data;
using Ingest.Perf.Compare;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Scan;

/// <summary><c>scan</c>: a table of ours against DuckDB's own file of the same rows, with DuckDB as the reader of both.</summary>
internal static class ScanCommand
{
    public static Command Create()
    {
        var pool = new Option<string>("--pool") { Description = "Pool to read; a compacted one, to compare what analysts read.", Required = true };
        var table = new Option<string>("--table") { Description = "Table in it.", Required = true };
        var runs = new Option<int>("--runs") { Description = "Runs of each query, in turns; figures are medians.", DefaultValueFactory = _ => 7 };
        var folder = new Option<string>("--work") { Description = "Folder for DuckDB's file.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "ingest-perf") };
        var output = new Option<string>("--output") { Description = "Report to write.", DefaultValueFactory = _ => Path.Combine("perf", "RESULTS.md") };
        var command = new Command("scan", "Compare size and scanning of a table's files with DuckDB's own file of the same rows.") { pool, table, runs, folder, output };
        command.SetAction(async (parse, cancellation) =>
        {
            var body = await MeasureAsync(parse.GetValue(pool)!, parse.GetValue(table)!, parse.GetValue(runs), Path.GetFullPath(parse.GetValue(folder)!), cancellation).ConfigureAwait(false);
            await ResultsFile.WriteSectionAsync(parse.GetValue(output)!, "scan", body, cancellation).ConfigureAwait(false);
            return 0;
        });
        return command;
    }

    private static async Task<string> MeasureAsync(string pool, string table, int runs, string folder, CancellationToken cancellation)
    {
        var opened = await PoolTables.OpenAsync(pool, cancellation).ConfigureAwait(false);
        var found = opened?.Tables.FirstOrDefault(t => t.Name == table) ?? throw new ContestException($"There is no table '{table}' in {pool}.");
        var files = (await LogFiles.LiveAsync(found, cancellation).ConfigureAwait(false)).Select(f => Path.Combine(Path.GetFullPath(pool), table, f.Path)).ToArray();
        var bytes = files.Sum(f => new FileInfo(f).Length);
        using var duck = new DuckDBConnection("DataSource=:memory:");
        duck.Open();
        Execute(duck, "SET threads = 2");

        // As the partitions that DuckDB writes are read: one schema. Tables of several want union_by_name, and then DuckDB opens every file before it prunes any.
        var ours = $"read_parquet([{string.Join(", ", files.Select(f => $"'{f.Replace("'", "''", StringComparison.Ordinal)}'"))}], hive_partitioning = true)";
        var single = Path.Combine(Directory.CreateDirectory(folder).FullName, "scan-duckdb.parquet");
        var folderOf = Path.Combine(folder, "scan-duckdb");
        if (Directory.Exists(folderOf)) Directory.Delete(folderOf, recursive: true);
        Execute(duck, $"COPY (SELECT * FROM {ours}) TO '{single}' (FORMAT parquet, COMPRESSION zstd)");
        Execute(duck, $"COPY (SELECT * FROM {ours}) TO '{folderOf}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (department, event_date))");
        var theirs = $"read_parquet('{single}')";
        var parted = $"read_parquet('{folderOf}/*/*/*.parquet', hive_partitioning = true)";
        var columns = Columns(duck, ours);
        var rows = Convert.ToInt64(Scalar(duck, $"SELECT count(*) FROM {ours}"), CultureInfo.InvariantCulture);
        var page = new StringBuilder("## Scans\n");
        var partedBytes = new DirectoryInfo(folderOf).EnumerateFiles("*.parquet", SearchOption.AllDirectories).ToArray();
        page.Append(CultureInfo.InvariantCulture, $"{rows:N0} rows of {columns.Length} columns.\n\n| | files | MB | bytes a row | to DuckDB's file |\n|---|--:|--:|--:|--:|\n");
        var singleBytes = new FileInfo(single).Length;
        foreach (var (name, count, size) in new[] { ("ours", files.Length, bytes), ("DuckDB, one file", 1, singleBytes), ("DuckDB, same partitions", partedBytes.Length, partedBytes.Sum(f => f.Length)) })
            page.Append(CultureInfo.InvariantCulture, $"| {name} | {count:N0} | {size / 1e6:F1} | {size / (double)rows:F1} | {size / (double)singleBytes:F2} |\n");

        page.Append("\n| query | ours, s | DuckDB's file, s | ratio | DuckDB's partitions, s | ratio |\n|---|--:|--:|--:|--:|--:|\n");
        foreach (var (name, select) in Queries(duck, ours, columns))
        {
            var times = new[] { ours, theirs, parted }.Select(_ => new List<double>()).ToArray();
            for (var run = -1; run < runs; run++)
            {
                for (var i = 0; i < times.Length; i++)
                {
                    var started = Stopwatch.GetTimestamp();
                    Scalar(duck, select.Replace("{T}", new[] { ours, theirs, parted }[(i + run + 1) % 3], StringComparison.Ordinal));
                    if (run >= 0) times[(i + run + 1) % 3].Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
                }
            }

            var (a, b, c) = (Median(times[0]), Median(times[1]), Median(times[2]));
            page.Append(CultureInfo.InvariantCulture, $"| {name} | {a:F3} | {b:F3} | {a / b:F2} | {c:F3} | {a / c:F2} |\n");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name}: ours {a:F3} s, one file {b:F3} s, same partitions {c:F3} s"));
        }

        return page.Append(CultureInfo.InvariantCulture, $"\nDuckDB reads both, 2 threads, files in the page cache; medians of {runs}. `dotnet run --project perf -c Release -- scan --pool … --table {table}`\n").ToString();
    }

    private static IEnumerable<(string Name, string Select)> Queries(DuckDBConnection duck, string from, (string Name, string Type)[] columns)
    {
        yield return ("all columns", $"SELECT {string.Join(", ", columns.Select(c => $"max(\"{c.Name}\")"))} FROM {{T}}");
        yield return ("count", "SELECT count(*) FROM {T}");
        foreach (var (column, type) in columns.Where(c => c.Name is "amount" or "kind" or "at"))
            yield return ($"one column: {column}", type.StartsWith("DECIMAL", StringComparison.Ordinal) ? $"SELECT sum(\"{column}\") FROM {{T}}" : $"SELECT count(DISTINCT \"{column}\") FROM {{T}}");
        if (columns.Any(c => c.Name == "event_date"))
        {
            var day = Scalar(duck, $"SELECT max(event_date)::VARCHAR FROM {from}");
            yield return ("one day, all columns", $"SELECT {string.Join(", ", columns.Select(c => $"max(\"{c.Name}\")"))} FROM {{T}} WHERE event_date = '{day}'");
            var department = Scalar(duck, $"SELECT max(department)::VARCHAR FROM {from}");
            yield return ("one department and day", $"SELECT {string.Join(", ", columns.Select(c => $"max(\"{c.Name}\")"))} FROM {{T}} WHERE event_date = '{day}' AND department = '{department}'");
        }

        if (columns.All(c => c.Name != "at")) yield break;
        var hour = Scalar(duck, $"SELECT (max(\"at\") - INTERVAL 1 HOUR)::VARCHAR FROM {from}");
        yield return ("an hour of a day", $"SELECT {string.Join(", ", columns.Select(c => $"max(\"{c.Name}\")"))} FROM {{T}} WHERE \"at\" >= '{hour}'");
    }

    private static (string Name, string Type)[] Columns(DuckDBConnection duck, string from)
    {
        using var command = duck.CreateCommand();
        command.CommandText = $"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {from})";
        using var reader = command.ExecuteReader();
        var columns = new List<(string, string)>();
        while (reader.Read()) columns.Add((reader.GetString(0), reader.GetString(1)));
        return [.. columns];
    }

    private static void Execute(DuckDBConnection duck, string sql)
    {
        using var command = duck.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object? Scalar(DuckDBConnection duck, string sql)
    {
        using var command = duck.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private static double Median(List<double> figures)
    {
        figures.Sort();
        return (figures[(figures.Count - 1) / 2] + figures[figures.Count / 2]) / 2;
    }
}
