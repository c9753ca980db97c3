using System.Globalization;
using System.Text;
using Ingest.Core;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Worker.Commands;

namespace Ingest.Tests.EndToEnd;

/// <summary>Another engine (here DuckDB writes its files) rewrites, removes or adds rows of a table: what we go on with, and what we stop for.</summary>
public sealed class OtherEngineTests
{
    [Fact]
    public async Task Files_rewritten_with_the_same_rows_disturb_nothing()
    {
        using var city = await ThreeRowsAsync();
        await RewriteAsync(city, "true", dataChange: false, "OPTIMIZE");
        city.Publish("""[{"id":"A1","amount":1,"paid_on":"2026-03-02"},{"id":"A4","amount":4,"paid_on":"2026-03-02"}]""");
        var status = await city.CatchUpAsync();
        Assert.Equal((1, 1), (status.Written, status.Duplicates));
        Assert.Equal(["4|4"], await city.SqlAsync("select count(*), count(distinct id) from payments"));
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task Rows_erased_by_another_engine_make_a_running_worker_stop_and_the_next_one_make_the_index_anew()
    {
        using var city = await ThreeRowsAsync();
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        using (var worker = city.NewWorker())
        {
            var running = worker.RunAsync(stop.Token);
            await worker.UntilAsync(s => s.AssignedPartitions == 2, running);
            await RewriteAsync(city, "id <> 'A1'", dataChange: true, "DELETE");
            city.Publish("""{"id":"A5","amount":5,"paid_on":"2026-03-02"}""");
            city.Delivered();
            await worker.UntilAsync(s => s.Halted.Count > 0, running);
            var why = worker.Engine.Status.Halted[0];
            Assert.Contains("Apache-Spark/3.5 Delta-Lake/3.2 (DELETE)", why, StringComparison.Ordinal);
            Assert.Contains("Restart the worker", why, StringComparison.Ordinal);
            await stop.CancelAsync();
            await running;
        }

        // Nothing was written on top of what is not understood; after the restart the log is, and the erased record counts as new.
        Assert.Equal(["A2", "A3"], await city.SqlAsync("select id from payments order by id"));
        city.Publish("""[{"id":"A1","amount":1,"paid_on":"2026-03-02"},{"id":"A2","amount":2,"paid_on":"2026-03-02"}]""");
        var status = await city.CatchUpAsync();
        Assert.Equal((2, 1), (status.Written, status.Duplicates));
        Assert.Equal(["A1", "A2", "A3", "A5"], await city.SqlAsync("select id from payments order by id"));
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task Rows_added_by_another_engine_are_known_as_duplicates_after_the_restart()
    {
        using var city = await ThreeRowsAsync();
        await RewriteAsync(city, "true", dataChange: true, "WRITE", extra: "union all by name select 'A9' as id, 9.00::decimal(12,2) as amount, date '2026-03-02' as paid_on");
        city.Publish("""[{"id":"A9","amount":9,"paid_on":"2026-03-02"},{"id":"A1","amount":1,"paid_on":"2026-03-02"}]""");
        var status = await city.CatchUpAsync();
        Assert.Equal((0, 2), (status.Written, status.Duplicates));
        Assert.Equal(4, await city.CountAsync());
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_rewrite_that_says_it_changed_nothing_and_lost_a_row_is_found_out()
    {
        using var city = await ThreeRowsAsync();
        await RewriteAsync(city, "id <> 'A1'", dataChange: false, "OPTIMIZE");
        var snapshot = (await PoolTables.OpenAsync(city.Pool, CancellationToken.None)).Tables.Single(t => t.Name == "payments").Snapshot;
        Assert.False(snapshot.Index.IsKnown);
        Assert.Contains("left 2 of 3 rows", snapshot.Index.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}}""", "reader version 3 (deletionVectors)")]
    [InlineData("""{"protocol":{"minReaderVersion":2,"minWriterVersion":5}}""", "reader version 2")]
    public async Task A_table_whose_rows_its_files_do_not_tell_any_more_is_neither_written_nor_read(string action, string reason)
    {
        using var city = await ThreeRowsAsync();
        await CommitAsync(city, await NextAsync(city), "SET TBLPROPERTIES", action);
        city.Publish("""{"id":"A5","paid_on":"2026-03-02"}""");
        Assert.Contains("Another engine has upgraded it", (await Assert.ThrowsAsync<TableRefusedException>(() => city.CatchUpAsync())).Message, StringComparison.Ordinal);
        Assert.Contains(reason, (await Assert.ThrowsAsync<InvalidDataException>(() => city.SqlAsync("select * from payments"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_constraint_that_we_do_not_check_is_refused()
    {
        using var city = await ThreeRowsAsync();
        await CommitAsync(city, await NextAsync(city), "ADD CONSTRAINT", """{"protocol":{"minReaderVersion":1,"minWriterVersion":3}}""");
        city.Publish("""{"id":"A5","paid_on":"2026-03-02"}""");
        await Assert.ThrowsAsync<TableRefusedException>(() => city.CatchUpAsync());
    }

    private static async Task<City> ThreeRowsAsync()
    {
        var city = new City();
        city.Publish("""[{"id":"A1","amount":1,"paid_on":"2026-03-02"},{"id":"A2","amount":2,"paid_on":"2026-03-02"},{"id":"A3","amount":3,"paid_on":"2026-03-02"}]""");
        await city.CatchUpAsync();
        return city;
    }

    /// <summary>Writes the live rows that meet a condition into one file of DuckDB's, and exchanges it for the table's files as Spark would.</summary>
    private static async Task RewriteAsync(City city, string where, bool dataChange, string operation, string extra = "")
    {
        var table = (await PoolTables.OpenAsync(city.Pool, CancellationToken.None)).Tables.Single(t => t.Name == "payments");
        var old = await LogFiles.LiveAsync(table, CancellationToken.None);
        var add = old[0].Add;
        var path = $"{add.Path[..(add.Path.LastIndexOf('/') + 1)]}part-00000-c000.snappy.parquet";
        var file = Path.Combine(city.Pool, "payments", path);
        using (var query = new DuckDbQuery())
        {
            await PoolViews.AddAsync(query, table, CancellationToken.None);
            query.Execute($"copy (select * exclude (department, event_date) from payments where {where} {extra}) to '{file}' (format parquet)");
        }

        var rows = CountRows(file);
        var change = dataChange ? "true" : "false";
        await CommitAsync(city, table.Snapshot.Version + 1, operation, [
            .. old.Select(f => $$$"""{"remove":{"path":"{{{Uri.EscapeDataString(f.Path).Replace("%2F", "/", StringComparison.Ordinal)}}}","deletionTimestamp":1772400000000,"dataChange":{{{change}}}}}"""),
            $$$"""{"add":{"path":"{{{Uri.EscapeDataString(path).Replace("%2F", "/", StringComparison.Ordinal)}}}","partitionValues":{"department":"{{{add.PartitionValues["department"]}}}","event_date":"{{{add.PartitionValues["event_date"]}}}"},"size":{{{new FileInfo(file).Length}}},"modificationTime":1772400000000,"dataChange":{{{change}}},"stats":"{\"numRecords\":{{{rows}}}}"}}"""]);
    }

    private static async Task<long> NextAsync(City city) =>
        (await PoolTables.OpenAsync(city.Pool, CancellationToken.None)).Tables.Single(t => t.Name == "payments").Snapshot.Version + 1;

    private static long CountRows(string file)
    {
        using var query = new DuckDbQuery();
        using var reader = query.Read($"select count(*) from read_parquet('{file}')");
        reader.Read();
        return Convert.ToInt64(reader.GetValue(0), CultureInfo.InvariantCulture);
    }

    private static async Task CommitAsync(City city, long version, string operation, params string[] actions)
    {
        var info = $$$"""{"commitInfo":{"timestamp":1772400000000,"operation":"{{{operation}}}","engineInfo":"Apache-Spark/3.5 Delta-Lake/3.2","txnId":"{{{IdSource.System.Next()}}}"}}""";
        var entry = Encoding.UTF8.GetBytes(string.Join('\n', [info, .. actions]) + "\n");
        var store = new LocalStore(city.Pool, IdSource.System);
        Assert.Equal(CreateOutcome.Created, await store.CreateAsync($"payments/_delta_log/{version:D20}.json", entry, CancellationToken.None));
    }
}
