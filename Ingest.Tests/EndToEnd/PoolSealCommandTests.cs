using Ingest.Core.Pool;
using Ingest.Worker.Commands;

namespace Ingest.Tests.EndToEnd;

/// <summary><c>pool compact</c> and <c>pool vacuum</c> as an operator runs them.</summary>
public sealed class PoolSealCommandTests
{
    [Fact]
    public async Task A_pool_is_sealed_cleaned_and_still_right_and_a_worker_goes_on_with_it()
    {
        using var city = new City();
        for (var i = 0; i < 3; i++)
        {
            city.Publish($$"""[{"id":"A{{i}}","amount":"{{i}}.50","paid_on":"2026-03-02"},{"id":"B{{i}}","paid_on":"2026-03-03"},{"id":"C","paid_on":"never"}]""");
            await city.CatchUpAsync();
        }

        var contract = Path.Combine(city.Folder, "contract.yaml");
        await File.WriteAllTextAsync(contract, City.Contract);
        Assert.Empty(Sealed(city));
        Assert.Equal(ExitCodes.Ok, await RunAsync("compact", "--pool", city.Pool, "--contracts", contract, "--partition", "department=housing/event_date=2026-03-02"));
        Assert.Single(Sealed(city));
        Assert.Equal(ExitCodes.Ok, await RunAsync("compact", "--pool", city.Pool, "--contracts", contract, "--all"));
        Assert.Equal(3, Sealed(city).Length);
        Assert.Equal(["A0|2026-03-02", "A1|2026-03-02", "A2|2026-03-02", "B0|2026-03-03", "B1|2026-03-03", "B2|2026-03-03"], await city.SqlAsync("select id, strftime(event_date, '%Y-%m-%d') from payments order by id"));
        Assert.Equal(ExitCodes.Ok, await RunAsync("verify", "--pool", city.Pool, "--contracts", contract, "--index"));

        var recent = Directory.GetFiles(city.Pool, "part-*.parquet", SearchOption.AllDirectories).Length;
        Assert.Equal(ExitCodes.BadConfiguration, await RunAsync("vacuum", "--pool", city.Pool, "--retain", "00:00:00", "--delete"));
        Assert.Equal(ExitCodes.Ok, await RunAsync("vacuum", "--pool", city.Pool, "--retain", "00:00:00", "--force"));
        Assert.Equal(recent, Directory.GetFiles(city.Pool, "part-*.parquet", SearchOption.AllDirectories).Length);
        Assert.Equal(ExitCodes.Ok, await RunAsync("vacuum", "--pool", city.Pool, "--retain", "00:00:00", "--force", "--delete"));
        Assert.Empty(Directory.GetFiles(city.Pool, "part-*.parquet", SearchOption.AllDirectories));
        Assert.Equal(ExitCodes.Ok, await RunAsync("verify", "--pool", city.Pool, "--contracts", contract, "--index"));

        city.Publish("""[{"id":"A0","amount":"0.50","paid_on":"2026-03-02"},{"id":"D","paid_on":"2026-03-02"}]""");
        var status = await city.CatchUpAsync();
        Assert.Equal((1L, 1L), (status.Written, status.Duplicates));
        await city.AssertAccountedAsync();
    }

    private static string[] Sealed(City city) =>
        [.. Directory.EnumerateFiles(city.Pool, "*.parquet", SearchOption.AllDirectories).Where(f => TableLayout.IsSealed(Path.GetRelativePath(city.Pool, f)))];

    private static Task<int> RunAsync(params string[] arguments) => PoolCommand.Create().Parse(arguments).InvokeAsync(cancellationToken: CancellationToken.None);
}
