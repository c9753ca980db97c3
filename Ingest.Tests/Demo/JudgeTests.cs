using Ingest.Worker.Demo;

namespace Ingest.Tests.Demo;

public sealed class JudgeTests(PublishedCity published) : IClassFixture<PublishedCity>
{
    [Fact]
    public async Task A_city_published_twice_is_in_the_pool_once_and_in_quarantine_twice()
    {
        using var city = new City(PublishedCity.Plan);
        var verdict = await published.JudgeAsync((city, 2));
        Assert.Empty(verdict.Problems);
        Assert.Equal(59, verdict.Departments.Count);
        Assert.Equal(city.Rows.Distinct().Count(), verdict.Departments.Sum(d => d.Found));
        Assert.Equal(2 * city.Truth.Refused.Values.Sum(), verdict.Departments.Sum(d => d.Quarantined));
        Assert.Equal(city.Truth.Records.Values.Sum(), published.Runs[1].Status.Duplicates + published.Runs[1].Status.Quarantined);
    }

    [Fact]
    public async Task A_missing_row_is_seen()
    {
        using var city = new City(PublishedCity.Plan);
        var plan = City.Catalog.Datasets.First(d => d.Name == "hotel-credit");
        city.Truth.Row("commerce", new SyntheticRecord(plan, ["R1", "酒店", null, null, null, null, "true", "2026-03-02"], null, -1));
        city.Truth.Flush();
        Assert.Contains("hotel-credit: 1 rows are missing", (await published.JudgeAsync((city, 2))).Problems);
    }

    [Fact]
    public async Task A_row_that_nobody_sent_is_seen()
    {
        using var city = new City(PublishedCity.Plan);
        var file = city.Truth.FileOf("hotel-credit");
        city.Truth.Dispose();
        var lines = await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken);
        await File.WriteAllLinesAsync(file, lines.Where(l => l != lines[1]), TestContext.Current.CancellationToken);
        Assert.Contains("hotel-credit: 1 rows are there that should not be", (await published.JudgeAsync((city, 2))).Problems);
    }

    [Fact]
    public async Task A_refusal_too_many_is_seen()
    {
        using var city = new City(PublishedCity.Plan);
        Assert.All((await published.JudgeAsync((city, 1))).Problems, p => Assert.StartsWith("quarantine: ", p, StringComparison.Ordinal));
        Assert.NotEmpty((await published.JudgeAsync((city, 1))).Problems);
    }

    [Fact]
    public async Task Of_an_interrupted_run_any_part_may_be_there()
    {
        using var city = new City(PublishedCity.Plan);
        using var interrupted = new City(PublishedCity.Plan with { Transfers = 400 });
        using var never = new City(PublishedCity.Plan with { Seed = 4 });
        Assert.Empty((await published.JudgeAsync((city, 2), (interrupted, 0), (never, 0))).Problems);
        Assert.NotEmpty((await published.JudgeAsync((city, 2), (never, 1))).Problems);
    }
}
