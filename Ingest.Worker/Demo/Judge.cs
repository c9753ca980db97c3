using Ingest.Core.Contracts;
using Ingest.Worker.Commands;

namespace Ingest.Worker.Demo;

/// <summary>
/// Lets DuckDB compare the pool with the truth, row by row and both ways. Our code only says which files are live; it reads none of them.
/// </summary>
internal static class Judge
{
    public static async Task<Verdict> CompareAsync(string pool, Catalog catalog, Truth published, IReadOnlyList<(Truth Truth, int Times)> all, IReadOnlyList<string> finishedSources, CancellationToken cancellation)
    {
        var problems = new List<string>();
        using var query = new DuckDbQuery();
        query.Execute("SET TimeZone = 'UTC'");
        var tables = await PoolTables.OpenAsync(pool, cancellation).ConfigureAwait(false);
        foreach (var table in tables.Tables) await PoolViews.AddAsync(query, table, cancellation).ConfigureAwait(false);

        var expected = new Dictionary<string, long>(StringComparer.Ordinal);
        var found = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var plan in catalog.Datasets)
        {
            if (!CompareRows(query, plan, all, problems)) continue;
            Add(expected, query, "SELECT department, count(*) FROM wanted GROUP BY ALL");
            Add(found, query, "SELECT department, count(*) FROM got GROUP BY ALL");
        }

        var quarantined = CompareRefusals(query, all, finishedSources, problems);
        var departments = expected.Keys.Union(published.Records.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(d => new DepartmentLine(
            d, published.Records.GetValueOrDefault(d), expected.GetValueOrDefault(d), found.GetValueOrDefault(d),
            all.Sum(a => a.Times * a.Truth.Refused.Where(r => r.Key.Department == d).Sum(r => r.Value)), quarantined.GetValueOrDefault(d)));
        return new Verdict([.. departments], problems);
    }

    /// <summary>Leaves the tables <c>wanted</c> and <c>got</c>; false when nothing of this dataset was ever published.</summary>
    private static bool CompareRows(DuckDbQuery query, DatasetPlan plan, IReadOnlyList<(Truth Truth, int Times)> all, List<string> problems)
    {
        var finished = Files(all.Where(a => a.Times > 0));
        var interrupted = Files(all.Where(a => a.Times == 0));
        if (finished.Length + interrupted.Length == 0) return false;
        var columns = plan.Columns.Select(c => (c.Name, Cast: Cast(c))).Append(("department", "department")).Append(("_rescued", "_rescued")).ToArray();
        var names = string.Join(", ", columns.Select(c => DuckDbQuery.Quote(c.Item1)));
        query.Execute($"CREATE OR REPLACE TEMP TABLE got AS SELECT {names} FROM {DuckDbQuery.Quote(plan.Name)}");

        // Of a run that was interrupted any part may have arrived, but nothing else.
        var parts = new List<string>();
        if (finished.Length > 0) parts.Add(Rows(finished));
        if (interrupted.Length > 0) parts.Add($"({Rows(interrupted)} INTERSECT FROM got)");
        query.Execute($"CREATE OR REPLACE TEMP TABLE wanted AS {string.Join(" UNION ", parts)}");
        Expect(query, "SELECT count(*) FROM (FROM wanted EXCEPT ALL FROM got)", $"{plan.Name}: {{0}} rows are missing", "FROM wanted EXCEPT ALL FROM got LIMIT 3", problems);
        Expect(query, "SELECT count(*) FROM (FROM got EXCEPT ALL FROM wanted)", $"{plan.Name}: {{0}} rows are there that should not be", "FROM got EXCEPT ALL FROM wanted LIMIT 3", problems);
        Expect(query, $"SELECT count(*) - count(DISTINCT t) FROM (SELECT t FROM got t)", $"{plan.Name}: {{0}} rows are there twice", "SELECT 1 WHERE false", problems);
        return true;

        string[] Files(IEnumerable<(Truth Truth, int Times)> of) => [.. of.Select(a => a.Truth.FileOf(plan.Name)).Where(File.Exists)];

        string Rows(string[] files) => $"SELECT DISTINCT {string.Join(", ", columns.Select(c => $"{c.Item2} AS {DuckDbQuery.Quote(c.Item1)}"))} " +
            $"FROM read_csv([{Texts(files)}], header=true, all_varchar=true, nullstr='{Truth.Null}', quote='\"', escape='\"', allow_quoted_nulls=false)";
    }

    private static Dictionary<string, long> CompareRefusals(DuckDbQuery query, IReadOnlyList<(Truth Truth, int Times)> all, IReadOnlyList<string> finishedSources, List<string> problems)
    {
        var wanted = all.Where(a => a.Times > 0).SelectMany(a => a.Truth.Refused.Select(r => (r.Key, Count: r.Value * a.Times))).GroupBy(r => r.Key).ToDictionary(g => g.Key, g => g.Sum(r => r.Count));
        var byDepartment = new Dictionary<string, long>(StringComparer.Ordinal);
        using var reader = query.Read($"SELECT department, reason, count(*) FROM quarantine WHERE list_contains([{Texts(finishedSources)}]::VARCHAR[], split_part(id, '/', 1)) GROUP BY ALL");
        while (reader.Read())
        {
            var (department, reason, count) = (reader.GetString(0), reader.GetString(1), reader.GetInt64(2));
            byDepartment[department] = byDepartment.GetValueOrDefault(department) + count;
            wanted.Remove((department, reason), out var expected);
            if (expected != count) problems.Add($"quarantine: {department} has {count} records refused as {reason}, and should have {expected}");
        }

        problems.AddRange(wanted.Select(w => $"quarantine: {w.Key.Department} has no record refused as {w.Key.Reason}, and should have {w.Value}"));
        return byDepartment;
    }

    private static string Texts(IEnumerable<string> texts) => string.Join(", ", texts.Select(t => $"'{t.Replace("'", "''", StringComparison.Ordinal)}'"));

    private static void Expect(DuckDbQuery query, string count, string problem, string examples, List<string> problems)
    {
        long found;
        using (var reader = query.Read(count))
        {
            reader.Read();
            found = Convert.ToInt64(reader.GetValue(0), System.Globalization.CultureInfo.InvariantCulture);
        }

        if (found == 0) return;
        problems.Add(string.Format(System.Globalization.CultureInfo.InvariantCulture, problem, found));
        using var rows = query.Read(examples);
        while (rows.Read()) problems.Add("  for example " + string.Join(" | ", Enumerable.Range(0, rows.FieldCount).Select(i => rows.IsDBNull(i) ? "null" : rows.GetValue(i).ToString())));
    }

    private static void Add(Dictionary<string, long> to, DuckDbQuery query, string sql)
    {
        using var reader = query.Read(sql);
        while (reader.Read()) to[reader.GetString(0)] = to.GetValueOrDefault(reader.GetString(0)) + reader.GetInt64(1);
    }

    private static string Cast(ColumnPlan column) => column.Type switch
    {
        ColumnType.String => DuckDbQuery.Quote(column.Name),
        ColumnType.Int => $"CAST({DuckDbQuery.Quote(column.Name)} AS INTEGER)",
        ColumnType.Long => $"CAST({DuckDbQuery.Quote(column.Name)} AS BIGINT)",
        ColumnType.Double => $"CAST({DuckDbQuery.Quote(column.Name)} AS DOUBLE)",
        ColumnType.Decimal => $"CAST({DuckDbQuery.Quote(column.Name)} AS DECIMAL({column.Precision},{column.Scale}))",
        ColumnType.Boolean => $"CAST({DuckDbQuery.Quote(column.Name)} AS BOOLEAN)",
        ColumnType.Date => $"CAST({DuckDbQuery.Quote(column.Name)} AS DATE)",
        ColumnType.Timestamp => $"CAST({DuckDbQuery.Quote(column.Name)} || ':00+08:00' AS TIMESTAMPTZ)",
        _ => throw new InvalidOperationException($"No DuckDB type for {column.Type}."),
    };
}
