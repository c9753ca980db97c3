using Ingest.Tests.Commands;
using Ingest.Worker.Commands;

namespace Ingest.Tests.EndToEnd;

/// <summary>What DuckDB sees of a pool: the rows of the tables that a query calls by name, and no more files than it has to open for them.</summary>
public sealed class PoolViewsTests
{
    private const string Wider = $"{City.Contract}\n  - {{ name: remark, type: string }}\ndedup: {{ except: [remark] }}";

    [Fact]
    public async Task A_query_opens_no_file_of_a_partition_that_it_does_not_ask_for()
    {
        using var city = await TwoDaysAsync();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(city.Pool, "payments"), "*.parquet", SearchOption.AllDirectories).Where(f => f.Contains("event_date=2026-03-03", StringComparison.Ordinal)))
            await File.WriteAllBytesAsync(file, []);

        Assert.Equal(["2|3"], await city.SqlAsync("select count(*), sum(amount) from payments where event_date = '2026-03-02'"));
        await Assert.ThrowsAnyAsync<DuckDB.NET.Data.DuckDBException>(() => city.SqlAsync("select count(*) from payments"));
    }

    [Fact]
    public async Task A_column_that_came_later_is_null_in_the_files_before_it()
    {
        using var city = await TwoDaysAsync();
        city.Catalog = City.Load(Wider);
        city.Publish("""{"id":"A4","amount":4,"paid_on":"2026-03-02","remark":"late"}""");
        await city.CatchUpAsync();
        Assert.Equal(["A1|null", "A2|null", "A3|null", "A4|late"], await city.SqlAsync("select id, remark from payments order by id"));
        Assert.Equal(["A4|housing"], await city.SqlAsync("select id, department from payments where remark = 'late'"));
    }

    [Fact]
    public async Task A_column_that_no_file_has_yet_is_there_and_null()
    {
        using var city = await TwoDaysAsync();
        city.Catalog = City.Load(Wider);
        await city.CatchUpAsync();
        Assert.Equal(["3|0"], await city.SqlAsync("select count(*), count(remark) from payments"));
    }

    [Fact]
    public async Task Tables_that_a_query_does_not_name_are_listed_and_never_look_empty()
    {
        using var city = await TwoDaysAsync();
        Assert.Equal((ExitCodes.Ok, "name\npayments\nquarantine\n", ""), await SqlAsync("show tables", "--csv"));
        var (code, output, errors) = await SqlAsync("select count(*) from query_table('pay' || 'ments')");
        Assert.Equal((ExitCodes.Failed, ""), (code, output));
        Assert.Contains("""Write "payments" in it""", errors, StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Ok, "count_star()\n3\n", ""), await SqlAsync("select count(*) from query_table('pay' || 'ments') /* Payments */", "--csv"));

        Task<(int, string, string)> SqlAsync(params string[] arguments) => WorkerProgram.RunAsync(city.Folder, ["pool", "sql", "--pool", city.Pool, .. arguments]);
    }

    [Fact]
    public async Task A_plan_is_printed_as_DuckDB_draws_it()
    {
        using var city = await TwoDaysAsync();
        var (code, output, errors) = await WorkerProgram.RunAsync(city.Folder, "pool", "sql", "--pool", city.Pool, "explain select sum(amount) from payments where event_date = '2026-03-02'");
        Assert.Equal((ExitCodes.Ok, ""), (code, errors));
        Assert.StartsWith("┌───", output, StringComparison.Ordinal);
        Assert.Contains("Scanning Files: 1/2", output, StringComparison.Ordinal);
    }

    private static async Task<City> TwoDaysAsync()
    {
        var city = new City();
        city.Publish("""[{"id":"A1","amount":1,"paid_on":"2026-03-02"},{"id":"A2","amount":2,"paid_on":"2026-03-02"},{"id":"A3","amount":3,"paid_on":"2026-03-03"}]""");
        await city.CatchUpAsync();
        return city;
    }
}
