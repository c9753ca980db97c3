using System.Diagnostics;
using System.Globalization;
using Ingest.Tests.EndToEnd;
using Ingest.Worker.Commands;

namespace Ingest.Tests.Commands;

/// <summary><c>pool sql</c> prints whatever DuckDB answers: any value, any number of rows and results, for people, scripts, and readers that leave.</summary>
public sealed class PoolSqlTests : IDisposable
{
    private const string Endless = "select sum(a.range * b.range) from range(3000000) a, range(3000000) b", EndlessRows = "select a.range a, b.range b from range(3000000) a, range(3000000) b";

    private static readonly Lazy<Task<City>> s_pool = new(NewPoolAsync);

    private readonly string _folder = Directory.CreateTempSubdirectory("ingest-sql-tests-").FullName;

    /// <summary>A value as SQL, as text, and as JSON.</summary>
    public static TheoryData<string, string, string> Values => new()
    {
        { "12345678901234567890123456789012345678::decimal(38,0)", "12345678901234567890123456789012345678", "12345678901234567890123456789012345678" },
        { "-0.5::decimal(38,38)", "-0.50000000000000000000000000000000000000", "-0.50000000000000000000000000000000000000" },
        { "1.50::decimal(20,2)", "1.50", "1.50" },
        { "-1.50::decimal(4,2)", "-1.50", "-1.50" },
        { "interval 1 month", "1 month", "\"1 month\"" },
        { "interval '-3 hours'", "-03:00:00", "\"-03:00:00\"" },
        { "date '10000-01-01'", "10000-01-01", "\"10000-01-01\"" },
        { "date '-0044-03-15'", "0045-03-15 (BC)", "\"0045-03-15 (BC)\"" },
        { "'infinity'::date", "infinity", "\"infinity\"" },
        { "'-infinity'::timestamp", "-infinity", "\"-infinity\"" },
        { "'infinity'::timestamp_ns", "infinity", "\"infinity\"" },
        { "timestamptz '10000-01-01 00:00:00+00'", "10000-01-01 00:00:00+00", "\"10000-01-01 00:00:00+00\"" },
        { "timestamptz '2026-03-02 10:00:00.5+08'", "2026-03-02T02:00:00.5Z", "\"2026-03-02T02:00:00.5Z\"" },
        { "timestamp '0001-01-01'", "0001-01-01T00:00:00", "\"0001-01-01T00:00:00\"" },
        { "timestamp_ms '1969-12-31 23:59:59.5'", "1969-12-31T23:59:59.5", "\"1969-12-31T23:59:59.5\"" },
        { "timestamp_s '2026-03-02 10:00:00'", "2026-03-02T10:00:00", "\"2026-03-02T10:00:00\"" },
        { "timestamp_ns '2026-03-02 10:00:00.123456789'", "2026-03-02T10:00:00.123456789", "\"2026-03-02T10:00:00.123456789\"" },
        { "date '2026-03-02'", "2026-03-02", "\"2026-03-02\"" },
        { "'24:00:00'::time", "24:00:00", "\"24:00:00\"" },
        { "time '07:05:09.25'", "07:05:09.25", "\"07:05:09.25\"" },
        { "'10:00:00+02'::timetz", "10:00:00+02", "\"10:00:00+02\"" },
        { "'a\\x00\\xFF'::blob", "a\\x00\\xFF", "\"a\\\\x00\\\\xFF\"" },
        { "encode('税\"')", "税\"", "\"税\\\"\"" },
        { "[1, null]", "[1,null]", "[1,null]" },
        { "[[timestamptz '2026-03-02 00:00:00+00'], []]", "[[\"2026-03-02T00:00:00Z\"],[]]", "[[\"2026-03-02T00:00:00Z\"],[]]" },
        { "{'a': 1.5::decimal(38,1), 'b': null}", "{\"a\":1.5,\"b\":null}", "{\"a\":1.5,\"b\":null}" },
        { "map {'k': [1]}", "{\"k\":[1]}", "{\"k\":[1]}" },
        { "row(1, 'x')", "[1,\"x\"]", "[1,\"x\"]" },
        { "array_value(1, 2)", "[1,2]", "[1,2]" },
        { "union_value(number := 2)", "2", "2" },
        { "'b'::enum('a', 'b')", "b", "\"b\"" },
        { "'0101011'::bit", "0101011", "\"0101011\"" },
        { "repeat('10', 200)::bit", string.Concat(Enumerable.Repeat("10", 200)), $"\"{string.Concat(Enumerable.Repeat("10", 200))}\"" },
        { "'6f9619ff-8b86-d011-b42d-00cf4fc964ff'::uuid", "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "\"6f9619ff-8b86-d011-b42d-00cf4fc964ff\"" },
        { "'-1234567890123456789012345678901234567890'::bignum", "-1234567890123456789012345678901234567890", "-1234567890123456789012345678901234567890" },
        { "170141183460469231731687303715884105727::hugeint", "170141183460469231731687303715884105727", "170141183460469231731687303715884105727" },
        { "340282366920938463463374607431768211455::uhugeint", "340282366920938463463374607431768211455", "340282366920938463463374607431768211455" },
        { "-5::tinyint", "-5", "-5" },
        { "1e20::double", "1E+20", "1E+20" },
        { "'nan'::float", "NaN", "\"NaN\"" },
        { "true", "true", "true" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void Every_value_is_printed(string sql, string text, string json)
    {
        var statement = $"select {sql} as a from range(3000) limit 2100";
        Assert.Equal(["a", .. Enumerable.Repeat(text.Contains('"', StringComparison.Ordinal) || text.Contains(',', StringComparison.Ordinal) ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text, 2100)], Printed(OutputStyle.Csv, statement));
        Assert.Equal(Enumerable.Repeat($"{{\"a\":{json}}}", 2100), Printed(OutputStyle.Json, statement));
        Assert.Equal($"  {text}", Printed(OutputStyle.Table, statement)[^3]);
    }

    [Fact]
    public async Task What_cannot_be_printed_is_told_in_a_line_that_says_how_it_can()
    {
        var (code, _, errors) = await SqlAsync("select {'a': 1}::variant as v");
        Assert.Equal((ExitCodes.Failed, "Column v has values of a type that cannot be printed here. Print them as text: \"v\"::varchar\n"), (code, errors));
        Assert.Equal((ExitCodes.Failed, "", "There is no statement in the query.\n"), await SqlAsync("-- nothing"));
        (code, _, errors) = await SqlAsync("select $1");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Null_and_empty_text_differ_in_CSV() => Assert.Equal((ExitCodes.Ok, "a,b,c\n,\"\",x\n", ""), await SqlAsync("select null as a, '' as b, 'x' as c", "--csv"));

    [Fact]
    public async Task Every_statement_has_its_result()
    {
        const string Three = "select 1 as a; create table x as select 2 as b; from x; select 3 as c where false";
        Assert.Equal((ExitCodes.Ok, "a\n1\n\nb\n2\n\nc\n", ""), await SqlAsync(Three, "--csv"));
        Assert.Equal((ExitCodes.Ok, "{\"a\":1}\n{\"b\":2}\n", ""), await SqlAsync(Three, "--json"));
        Assert.Equal((ExitCodes.Ok, "\n  a\n─────\n  1\n\n1 row\n\n  b\n─────\n  2\n\n1 row\n\n  c\n\n0 rows\n", ""), await SqlAsync(Three));
        Assert.Equal((ExitCodes.Ok, "a\n1\n", "Done: 5 rows.\n"), await SqlAsync("copy (from range(5)) to 'x.csv'; select 1 as a", "--csv"));
    }

    /// <summary>Rows of before went out: they must not look like all.</summary>
    [Fact]
    public async Task A_query_that_fails_half_way_ends_as_one_that_failed()
    {
        var (code, output, errors) = await SqlAsync("set threads = 1; select case when range < 500000 then range else error('of no use') end as a from range(1000000)", "--csv");
        Assert.Equal((ExitCodes.Failed, "Invalid Input Error: of no use\n"), (code, errors));
        Assert.StartsWith("a\n0\n1\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_in_a_pipe_has_all_rows_in_the_widths_of_the_first()
    {
        var (code, output, _) = await SqlAsync("select range as a, case when range = 1200 then 'a wider one' else 'x' end as b, 1 as c from range(2000)");
        var lines = output.Split('\n');
        Assert.Equal((ExitCodes.Ok, "", 2006), (code, lines[^1], lines.Length));
        Assert.Equal(["", "  a     b   c", "───────────────", "  0     x   1"], lines[..4]);
        Assert.Equal(["  499   x   1", "  500   x   1"], lines[502..504]);
        Assert.Equal(["  1200   a wider one   1", "  1999   x   1", "", "2,000 rows"], (string[])[lines[1203], .. lines[^4..^1]]);
    }

    [Fact]
    public void A_terminal_shows_the_first_rows_and_says_how_to_get_the_others()
    {
        var lines = Printed(OutputStyle.Table, EndlessRows, isTerminal: true);
        Assert.Equal(SqlPrinter.RowsLookedAt + 5, lines.Length);
        Assert.Equal(["", "The first 500 rows; there are more. All of them: --csv, --json, or through a pipe: | less -S"], lines[^2..]);
        Assert.Equal("500 rows", Printed(OutputStyle.Table, "from range(500)", isTerminal: true)[^1]);
    }

    [Fact]
    public void Rows_wider_than_COLUMNS_are_blocks_to_the_last()
    {
        var lines = Printed(OutputStyle.Table, "select range as a, repeat('x', 30) as bcd from range(502)", width: 20);
        Assert.Equal(["", "  a    501", "  bcd  " + new string('x', 30), "", "502 rows"], lines[^5..]);
        Assert.Equal((3 * 502) + 2, lines.Length);
    }

    [Theory]
    [InlineData]
    [InlineData("--csv")]
    [InlineData("--json")]
    public async Task A_reader_that_leaves_ends_the_query(params string[] style)
    {
        using var process = WorkerProgram.Start(_folder, ["pool", "sql", "--pool", (await s_pool.Value).Pool, EndlessRows, .. style]);
        var errors = process.StandardError.ReadToEndAsync();
        Assert.NotNull(await process.StandardOutput.ReadLineAsync());
        process.StandardOutput.Close();
        Assert.True(await WorkerProgram.EndsAsync(process));
        Assert.Equal((ExitCodes.Ok, ""), (process.ExitCode, await errors));
    }

    [Theory]
    [InlineData("-INT", 130)]
    [InlineData("-TERM", 143)]
    public async Task A_signal_ends_the_query(string signal, int code)
    {
        using var process = WorkerProgram.Start(_folder, "pool", "sql", "--pool", (await s_pool.Value).Pool, $"select current_setting('temp_directory') as at; {Endless}", "--csv");
        var errors = process.StandardError.ReadToEndAsync();
        Assert.Equal("at", await process.StandardOutput.ReadLineAsync());
        var folder = Path.GetDirectoryName(await process.StandardOutput.ReadLineAsync());
        Assert.True(Directory.Exists(folder));
        using (var kill = Process.Start("kill", [signal, process.Id.ToString(CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync();
        Assert.True(await WorkerProgram.EndsAsync(process));
        Assert.Equal((code, ""), (process.ExitCode, await errors));
        Assert.False(Directory.Exists(folder));
    }

    /// <summary>Nobody reads, and nobody closes: the pipe is full, and writing waits.</summary>
    [Fact]
    public async Task A_signal_ends_what_waits_for_its_reader()
    {
        using var process = WorkerProgram.Start(_folder, "pool", "sql", "--pool", (await s_pool.Value).Pool, EndlessRows, "--csv");
        Assert.NotNull(await process.StandardOutput.ReadLineAsync());
        using (var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync();
        Assert.True(await WorkerProgram.EndsAsync(process));
        Assert.Equal(143, process.ExitCode);
    }

    [Fact]
    public async Task Queries_have_half_of_the_memory_and_a_folder_of_their_own_for_the_rest()
    {
        const string Settings = "select current_setting('memory_limit') as at_most, current_setting('temp_directory') as spilled";
        var limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 21;
        var at = Printed(OutputStyle.Csv, $"{Settings}; set memory_limit = '{limit}MiB'; {Settings}");
        Assert.Equal(at[1].Split(',')[0], at[4].Split(',')[0]);
        var (_, output, _) = await SqlAsync($"set memory_limit = '123MiB'; {Settings}; from glob('.tmp')", "--csv");
        Assert.StartsWith("at_most,spilled\n123.0 MiB,", output, StringComparison.Ordinal);
        var folder = Path.GetDirectoryName(output.Split('\n')[1].Split(',')[1]);
        Assert.StartsWith(Path.Combine(Path.GetTempPath(), "ingest-sql-"), folder, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
    }

    /// <summary>Sorts a hundred megabytes in thirty.</summary>
    [Fact]
    public void What_does_not_fit_into_memory_goes_over_the_disk_and_is_gone_afterwards()
    {
        string folder;
        using (var query = new DuckDbQuery())
        {
            folder = query.Folder;
            using var text = new StringWriter();
            var printer = new SqlPrinter(text, OutputStyle.Csv, Output.Unlimited, isTerminal: false, static () => false);
            foreach (var result in query.Run("set memory_limit = '30MiB'; set threads = 1; create table spilled as select range as a, hash(range)::varchar as b from range(2000000); select count(*) as n from (select a, b, row_number() over (order by b) as r from spilled) where r > 0"))
                if (result.HasRows) printer.Print(result);
            Assert.Equal("n\n2000000\n", text.ToString());
            Assert.True(Directory.Exists(Path.Combine(folder, "spilled")));
        }

        Assert.False(Directory.Exists(folder));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<City> NewPoolAsync()
    {
        var city = new City();
        city.Publish("""{"id":"A1","amount":1,"paid_on":"2026-03-02"}""");
        await city.CatchUpAsync();
        return city;
    }

    private static string[] Printed(OutputStyle style, string sql, int width = Output.Unlimited, bool isTerminal = false)
    {
        using var text = new StringWriter();
        using var query = new DuckDbQuery();
        var printer = new SqlPrinter(text, style, width, isTerminal, static () => false);
        foreach (var result in query.Run(sql))
        {
            if (result.HasRows) Assert.True(printer.Print(result));
        }

        return text.ToString().TrimEnd('\n').Split('\n');
    }

    private async Task<(int ExitCode, string Output, string Errors)> SqlAsync(string sql, params string[] style) =>
        await WorkerProgram.RunAsync(_folder, ["pool", "sql", "--pool", (await s_pool.Value).Pool, sql, .. style]);
}
