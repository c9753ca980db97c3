namespace Ingest.Tests.EndToEnd;

/// <summary>Rows of the quarantine in offsets that it has taken before are in its account like any other.</summary>
public sealed class FoundAgainTests
{
    [Fact]
    public async Task What_is_refused_anew_when_offsets_are_read_again_is_accounted_for()
    {
        using var city = new City();
        for (var i = 0; i < 10; i++) city.Publish($$"""[{"id":"A{{i}}","paid_on":"2026-03-02"},{"id":null,"paid_on":"2026-03-02"}]""", key: $"{i}");
        await city.CatchUpAsync();
        Assert.Equal(10, await city.CountAsync("quarantine"));

        // The table begins anew, and its contract refuses more: the quarantine has all of these offsets, and not these rows.
        Directory.Delete(Path.Combine(city.Pool, "payments"), recursive: true);
        city.Catalog = City.Load(City.Contract.Replace("normalize: [trim, separators] }", "normalize: [trim, separators], required: true }", StringComparison.Ordinal));
        city.Publish("nonsense", key: "0");
        await city.CatchUpAsync();
        Assert.Equal(21, await city.CountAsync("quarantine"));
        await city.AssertAccountedAsync();
        var ledger = await Core.Pool.Delta.Ledger.ReadAsync(new Core.Stores.PrefixedStore(new Core.Stores.LocalStore(city.Pool, Core.IdSource.System), "quarantine"), CancellationToken.None);
        Assert.Equal(21L, ledger.Lines.Sum(l => l.Written));
        Assert.Equal(21L, ledger.Hours.Sum(h => h.Hour.Written));
        Assert.All(ledger.Lines, l => Assert.True(l.IsWhole));
    }
}
