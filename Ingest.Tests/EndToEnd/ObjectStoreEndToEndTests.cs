using Ingest.Core.Stores;
using Ingest.Core.Stores.AzureBlobs;
using Ingest.Core.Stores.S3;
using Ingest.Tests.Stores;

namespace Ingest.Tests.EndToEnd;

/// <summary>The whole of it over buckets and containers: the same promises as over a folder, over a wire that loses answers or hangs.</summary>
public sealed class ObjectStoreEndToEndTests
{
    [Theory]
    [InlineData("s3")]
    [InlineData("azure")]
    public async Task Records_become_rows_and_a_resent_transfer_adds_none(string kind)
    {
        using var city = City.On(kind);
        for (var i = 0; i < 3; i++) city.Publish("""[{"id":"甲1","amount":1,"paid_on":"2026-03-02"},{"id":"A2","amount":2,"paid_on":"2026-03-03"}]""", key: $"{i}");
        city.Publish("{", key: "broken");
        var status = await city.CatchUpAsync();
        Assert.Equal((2, 4, 1), (status.Written, status.Duplicates, status.Quarantined));
        Assert.Equal(["A2|2026-03-03|housing", "甲1|2026-03-02|housing"], await city.SqlAsync("select id, strftime(event_date, '%Y-%m-%d'), department from payments order by id"));

        // A new worker, without local copies, goes on where the table stands.
        Directory.Delete(city.Cache, recursive: true);
        city.Publish("""{"id":"A2","amount":2.00,"paid_on":"2026-03-03"}""");
        Assert.Equal(1, (await city.CatchUpAsync(group: "other")).Duplicates);
        Assert.Equal(2, await city.CountAsync());
        await city.AssertAccountedAsync();
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("azure")]
    public async Task Two_workers_that_get_equal_records_keep_one_of_each(string kind)
    {
        using var city = City.On(kind);
        using var stop = new CancellationTokenSource();
        using var first = city.NewWorker(cache: city.Cache + "1");
        using var second = city.NewWorker(cache: city.Cache + "2");
        var running = new[] { first.RunAsync(stop.Token), second.RunAsync(stop.Token) };
        await first.UntilAsync(s => s.AssignedPartitions == 1 && second.Engine.Status.AssignedPartitions == 1, Task.WhenAny(running));
        for (var i = 0; i < 100; i++)
        {
            city.Publish($$"""[{"id":"A{{i}}","paid_on":"2026-03-02"},{"id":"B{{i}}","paid_on":"2026-03-03"}]""", key: $"x{i}");
            city.Publish($$"""[{"id":"B{{i}}","paid_on":"2026-03-03"},{"id":"A{{i}}","paid_on":"2026-03-02"}]""", key: $"y{i * 7}");
        }

        city.Delivered();
        await first.UntilAsync(s => s.Transfers + second.Engine.Status.Transfers == 200, Task.WhenAny(running));
        await stop.CancelAsync();
        await Task.WhenAll(running);
        Assert.Equal(["200|200"], await city.SqlAsync("select count(*), count(distinct id) from payments"));
        await city.AssertAccountedAsync();
    }

    [Theory]
    [InlineData("s3", "_delta_log/")]
    [InlineData("azure", "_delta_log/")]
    [InlineData("s3", "payments/")]
    [InlineData("azure", "payments/")]
    public async Task Answers_lost_on_the_wire_lose_nothing_and_double_nothing(string kind, string word)
    {
        await using var proxy = new LossyProxy(ObjectServers.Endpoint(kind), word, every: word == "payments/" ? 3 : 2);
        using var city = City.On(kind);
        city.StoreOptions = By(proxy);
        for (var round = 0; round < 5; round++)
        {
            for (var i = 0; i < 20; i++) city.Publish($$"""[{"id":"A{{round}}-{{i}}","paid_on":"2026-03-02"},{"id":"S{{i}}","paid_on":"2026-03-03"}]""", key: $"{i}");
            await city.CatchUpAsync();
        }

        Assert.True(proxy.Lost > 2, $"Only {proxy.Lost} answers were lost.");
        Assert.Equal(["120|120"], await city.SqlAsync("select count(*), count(distinct id) from payments"));
        await city.AssertAccountedAsync();
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("azure")]
    public async Task A_store_that_hangs_pauses_intake_until_it_is_back(string kind)
    {
        await using var proxy = new LossyProxy(ObjectServers.Endpoint(kind), "none", every: 1);
        using var city = City.On(kind);
        city.StoreOptions = By(proxy);
        city.AttemptTimeout = TimeSpan.FromSeconds(2);
        using var stop = new CancellationTokenSource();
        using var worker = city.NewWorker();
        var running = worker.RunAsync(stop.Token);
        await worker.UntilAsync(s => s.AssignedPartitions == 2, running);
        proxy.IsStalled = true;
        for (var i = 0; i < 50; i++) city.Publish($$"""{"id":"A{{i}}","paid_on":"2026-03-02"}""", key: $"{i}");
        city.Delivered();
        await worker.UntilAsync(s => s.IsPaused, running);
        proxy.IsStalled = false;
        await worker.UntilAsync(s => s is { IsPaused: false, Transfers: 50 } && s.LagByDepartment.Values.Sum() == 0, running);
        await stop.CancelAsync();
        await running;
        Assert.Equal(50, await city.CountAsync());
        await city.AssertAccountedAsync();
    }

    private static StoreOptions By(LossyProxy proxy) => new()
    {
        S3 = new S3Options { Endpoint = proxy.Endpoint.ToString() },
        Azure = new AzureOptions { Endpoint = proxy.Endpoint.ToString() },
    };
}
