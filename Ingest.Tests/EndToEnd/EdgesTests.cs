using Ingest.Core;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Tests.EndToEnd;

/// <summary>What is a duplicate and what is not, at every edge that records come in over.</summary>
public sealed class EdgesTests
{
    private const string Record = """{"id":"A1","amount":"1.00","paid_on":"2026-03-02"}""";

    private const string TwoTopics = """
        dataset: payments
        topics: [{ topic: housing.payments, department: housing }, { topic: housing.archive, department: housing }, { topic: tax.payments, department: tax }]
        format: json
        time_zone: Asia/Shanghai
        event_date: paid_on
        columns:
          - { name: id, type: string, required: true }
          - { name: amount, type: "decimal(12,2)" }
          - { name: paid_on, type: date }
        """;

    private const string ByIdentity = """
        dataset: payments
        topics: [{ topic: housing.payments, department: housing }]
        format: json
        time_zone: Asia/Shanghai
        event_date: paid_on
        dedup: { mode: identity, identity: [id, paid_on] }
        columns:
          - { name: id, type: string, required: true }
          - { name: amount, type: "decimal(12,2)" }
          - { name: paid_on, type: date, required: true }
        """;

    [Fact]
    public async Task The_same_record_twice_in_a_transfer_in_two_partitions_and_in_two_topics_of_a_department_is_one_row()
    {
        using var city = new City(TwoTopics);
        city.Publish($"[{Record},{Record}]", key: "a");
        for (var i = 0; i < 8; i++) city.Publish(Record, key: $"key {i}");
        city.Publish(Record, topic: "housing.archive");
        var status = await city.CatchUpAsync();
        Assert.Equal((1, 10), (status.Written, status.Duplicates));

        // Another department's record is another record.
        city.Publish(Record, topic: "tax.payments");
        Assert.Equal(1, (await city.CatchUpAsync()).Written);
        Assert.Equal(["housing|1", "tax|1"], await city.SqlAsync("select department, count(*) from payments group by all order by all"));
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_record_without_event_date_is_one_row_and_not_the_same_as_with_one()
    {
        using var city = new City(TwoTopics);
        for (var i = 0; i < 3; i++)
        {
            city.Publish("""[{"id":"A1"},{"id":"A1","paid_on":null},{"id":"A1","paid_on":"2026-03-02"},{"id":"A1","paid_on":"1066-10-14"},{"id":"A1","paid_on":"1066-10-15"}]""", key: $"{i}");
            await city.CatchUpAsync();
        }

        Assert.Equal(["1066-10-14", "1066-10-15", "2026-03-02", "null"], await city.SqlAsync("select strftime(event_date, '%Y-%m-%d') from payments order by all nulls last"));
        await city.AssertAccountedAsync();
    }

    [Theory]
    [InlineData(TwoTopics)]
    [InlineData(ByIdentity)]
    public async Task After_restarts_merges_and_a_rebuild_a_record_of_any_day_is_still_known(string contract)
    {
        using var city = new City(contract);
        string Day(int i) => $$"""[{"id":"A{{i}}","amount":"{{i}}.50","paid_on":"2026-03-{{1 + (i % 28):D2}}"},{"id":"N{{i}}"{{(contract == ByIdentity ? ",\"paid_on\":\"2026-04-01\"" : "")}}}]""";
        const int Days = 30;
        var repeated = 0;
        var table = new PrefixedStore(new LocalStore(city.Pool, IdSource.System), "payments");
        using (var stop = new CancellationTokenSource())
        using (var worker = city.NewWorker())
        {
            var running = worker.RunAsync(stop.Token);
            for (var i = 0; i < Days; i++)
            {
                city.Publish(Day(i));
                city.Delivered();
                await UntilRowsAsync(table, 2 * (i + 1), running);
            }

            // Merges go on beside the commits, and a later commit publishes them.
            for (; !(await EntriesAsync(table)).Any(e => e.Content.Index is { Removed.Count: > 0 }); repeated++)
            {
                Assert.True(repeated < 100, "No merge was published.");
                city.Publish(Day(0));
                city.Delivered();
                await worker.UntilAsync(s => s.Duplicates == 2 * (repeated + 1) && s.LagByDepartment.Values.Sum() == 0, running);
            }

            await stop.CancelAsync();
            await running;
        }

        for (var i = 0; i < Days; i++) city.Publish(Day(i));
        var again = await city.CatchUpAsync(source: "restored", group: "restored");
        Assert.Equal((0, (4 * Days) + (2 * repeated)), (again.Written, again.Duplicates));

        var rebuilt = await RebuildAsync(city, table);
        Assert.Equal(2 * Days, rebuilt.Keys);
        for (var i = 0; i < Days; i++) city.Publish(Day(i));
        again = await city.CatchUpAsync(source: "rebuilt", group: "rebuilt");
        Assert.Equal((0, (6 * Days) + (2 * repeated)), (again.Written, again.Duplicates));
        Assert.Equal(2 * Days, await city.CountAsync());
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_worker_at_work_goes_on_over_a_rebuild_of_its_index()
    {
        using var city = new City(TwoTopics);
        using var stop = new CancellationTokenSource();
        using var worker = city.NewWorker();
        var running = worker.RunAsync(stop.Token);
        var table = new PrefixedStore(new LocalStore(city.Pool, IdSource.System), "payments");
        for (var i = 0; i < 10; i++)
        {
            city.Publish($$"""[{"id":"A{{i}}","paid_on":"2026-03-02"},{"id":"A{{i / 2}}","paid_on":"2026-03-02"}]""");
            city.Delivered();
            await UntilRowsAsync(table, i + 1, running);
            if (i % 3 == 1) Assert.Equal(i + 1, (await RebuildAsync(city, table)).Keys);
        }

        await stop.CancelAsync();
        await running;
        Assert.Equal(10, await city.CountAsync());
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_correction_under_the_same_identity_is_quarantined_however_it_comes()
    {
        using var city = new City(ByIdentity);
        city.Publish("""[{"id":"A1","amount":"1.00","paid_on":"2026-03-02"},{"id":"A1","amount":"2.00","paid_on":"2026-03-02"},{"id":"A1","amount":"2.00","paid_on":"2026-03-03"}]""");
        await city.CatchUpAsync();
        city.Publish("""[{"id":"A1","amount":"1.0","paid_on":"2026-03-02"},{"id":"A1","amount":"3.00","paid_on":"2026-03-02"},{"id":"A2","amount":"1.00","paid_on":"2026-03-02"},{"id":"A2","amount":"1.01","paid_on":"2026-03-02"}]""");
        await city.CatchUpAsync();
        Assert.Equal(["A1|1.00", "A1|2.00", "A2|1.00"], await city.SqlAsync("select id, amount from payments order by all"));
        Assert.Equal(["identity-conflict|3"], await city.SqlAsync("select reason, count(*) from quarantine group by all"));
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_new_column_is_refused_where_it_would_make_old_rows_unknown_and_taken_where_it_is_excepted()
    {
        using var city = new City(TwoTopics);
        city.Publish(Record);
        await city.CatchUpAsync();
        var widened = TwoTopics + "\n  - { name: clerk, type: string }\n";
        city.Catalog = City.Load(widened);
        var refused = await Assert.ThrowsAsync<TableRefusedException>(() => city.CatchUpAsync());
        Assert.Contains("changes what counts as a duplicate", refused.Message, StringComparison.Ordinal);
        Assert.Contains("dedup.except", refused.Message, StringComparison.Ordinal);

        city.Catalog = City.Load(widened + "dedup: { except: [clerk] }\n");
        city.Publish("""[{"id":"A1","amount":"1.00","paid_on":"2026-03-02","clerk":"Li"},{"id":"A2","amount":"1.00","paid_on":"2026-03-02","clerk":"Li"}]""");
        var status = await city.CatchUpAsync();
        Assert.Equal((1, 1), (status.Written, status.Duplicates));
        Assert.Equal(["A1|null", "A2|Li"], await city.SqlAsync("select id, clerk from payments order by all"));
        await city.AssertAccountedAsync();
    }

    [Theory]
    [InlineData("name: paid_on, type: date", "name: paid_on, type: timestamp")]
    [InlineData("event_date: paid_on\n", "")]
    [InlineData("time_zone", "dedup: { rescued: false }\ntime_zone")]
    [InlineData("time_zone", "dedup: { mode: identity, identity: [id] }\ntime_zone")]
    public async Task A_contract_that_would_silently_change_what_a_duplicate_is_is_refused(string part, string otherwise)
    {
        using var city = new City(TwoTopics);
        city.Publish(Record);
        await city.CatchUpAsync();
        city.Catalog = City.Load(TwoTopics.Replace(part, otherwise, StringComparison.Ordinal));
        await Assert.ThrowsAsync<TableRefusedException>(() => city.CatchUpAsync());
        Assert.Equal(1, await city.CountAsync());
    }

    private static async Task UntilRowsAsync(IObjectStore table, long rows, Task running)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while ((await LogReader.LoadAsync(table, deadline.Token))?.LiveRows != rows)
        {
            await Task.WhenAny(running, Task.Delay(20, deadline.Token));
            if (running.IsCompleted) await running;
        }
    }

    private static async Task<RebuildResult> RebuildAsync(City city, IObjectStore table)
    {
        var log = await DeltaTable.OpenAsync(table, "payments", IdSource.System, TimeProvider.System, CancellationToken.None);
        var services = new EngineServices { Pool = table, Logger = NullLogger.Instance };
        var rebuild = new IndexRebuild(city.Catalog.Datasets.Single(), table, log!, new RebuildOptions(Path.Combine(city.Folder, "reindex"), 1, 2), services);
        return (await rebuild.RunAsync(null, CancellationToken.None))!;
    }

    private static async Task<List<LogAction.Info>> EntriesAsync(IObjectStore table)
    {
        var entries = new List<LogAction.Info>();
        await foreach (var (_, actions) in LogReader.RetainedAsync(table, CancellationToken.None)) entries.AddRange(actions.OfType<LogAction.Info>());
        return entries;
    }
}
