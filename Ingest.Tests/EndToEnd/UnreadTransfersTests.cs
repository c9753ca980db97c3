using Ingest.Core.Pool.Delta;
using Ingest.Worker.Commands;

namespace Ingest.Tests.EndToEnd;

/// <summary>A transfer that nobody can read counts where its topic feeds one table, and where that is not so nowhere but in the quarantine.</summary>
public sealed class UnreadTransfersTests
{
    private static readonly string s_refunds = Selected("refunds"), s_payments = Selected("payments");

    [Theory]
    [InlineData("{", "not-json")]
    [InlineData("\"\\", "not-json")]
    [InlineData("[1,{\"id\":\"B\",\"paid_on\":\"2026-03-02\"}]", "not-an-object")]
    public async Task It_is_in_the_account_of_the_only_table_of_its_topic(string transfer, string reason)
    {
        using var city = new City();
        city.Publish("""{"id":"A","paid_on":"2026-03-02"}""");
        city.Publish(transfer);
        var status = await city.CatchUpAsync();
        Assert.Equal(1, status.Quarantined);
        Assert.Equal([$"payments|{reason}"], await city.SqlAsync("select dataset, reason from quarantine where contract is not null"));
        var ledger = await LedgerAsync(city, "payments");
        Assert.Equal(1, ledger.Lines.Sum(l => l.Quarantined));
        Assert.Equal(1, ledger.Hours.Sum(h => h.Hour.Quarantined));
        Assert.Empty(ledger.Problems);
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task It_is_in_no_account_where_several_tables_share_its_topic()
    {
        using var city = new City(s_payments, s_refunds);
        city.Publish("{");
        city.Publish("""{"kind":"fees","id":"A"}""");
        Assert.Equal(2, (await city.CatchUpAsync()).Quarantined);
        Assert.Equal(["null|not-json", "null|unknown-dataset"], await city.SqlAsync("select dataset, reason from quarantine order by reason"));
        Assert.Equal(0, (await LedgerAsync(city, "payments")).Lines.Sum(l => l.Quarantined));
        await city.AssertAccountedAsync();
    }

    /// <summary>Earlier versions named no dataset: read again, such a transfer is counted now, and known by its place.</summary>
    [Fact]
    public async Task A_row_of_the_quarantine_that_names_no_dataset_is_known_again()
    {
        using var city = new City(s_payments, s_refunds);
        city.Publish("{");
        await city.CatchUpAsync();
        foreach (var table in new[] { "payments", "refunds" }) Directory.Delete(Path.Combine(city.Pool, table), recursive: true);
        city.Catalog = City.Load(City.Contract);
        await city.CatchUpAsync(cache: Path.Combine(city.Folder, "other-cache"));
        Assert.Equal(["null"], await city.SqlAsync("select dataset from quarantine"));
        Assert.Equal(1, (await LedgerAsync(city, "payments")).Lines.Sum(l => l.Quarantined));
        await city.AssertAccountedAsync();
    }

    private static string Selected(string dataset) => City.Contract.Replace("dataset: payments", $"dataset: {dataset}\nselect: {{ field: kind, equals: {dataset} }}", StringComparison.Ordinal);

    private static async Task<Ledger> LedgerAsync(City city, string table) =>
        await Ledger.ReadAsync((await PoolTables.OpenAsync(city.Pool, CancellationToken.None)).Tables.Single(t => t.Name == table).Store, CancellationToken.None);
}
