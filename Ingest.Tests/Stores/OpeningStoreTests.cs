using Ingest.Core.Stores;

namespace Ingest.Tests.Stores;

public sealed class OpeningStoreTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    [Fact]
    public async Task What_hinders_opening_fails_the_call_and_the_next_call_opens_again()
    {
        var (opened, isFull) = (0, true);
        var store = new OpeningStore(() =>
        {
            opened++;
            return isFull ? throw new StoreException(StoreFault.Full, "disk full") : new MemoryStore();
        });
        Assert.Equal("disk full", (await Assert.ThrowsAsync<StoreException>(async () => await store.ReadAsync("a", s_none))).Message);
        isFull = false;
        Assert.Equal(CreateOutcome.Created, await store.CreateAsync("a", new byte[] { 1 }, s_none));
        Assert.Equal([1], await store.ReadAsync("a", s_none));
        Assert.Equal(2, opened);
    }

    [Fact]
    public async Task A_disk_that_is_full_at_the_start_is_waited_for_and_reported()
    {
        var left = 2;
        var store = new RetryingStore(
            new OpeningStore(() => left-- > 0 ? throw new StoreException(StoreFault.Full, "disk full") : new MemoryStore()),
            new StoreRetryOptions { FirstDelay = TimeSpan.FromMilliseconds(1), RefusedDelay = TimeSpan.FromMilliseconds(1) }, TimeProvider.System);
        List<string?> said = [];
        store.Health.Changed += report => said.Add(report.LastError);
        Assert.Equal(CreateOutcome.Created, await store.CreateAsync("a", new byte[] { 1 }, s_none));
        Assert.Equal(["disk full", "disk full", "disk full"], said);
        Assert.True(store.Health.IsWell);
    }

    [Fact]
    public async Task Two_that_open_it_at_once_use_the_same_store()
    {
        using var both = new Barrier(2);
        var store = new OpeningStore(() =>
        {
            both.SignalAndWait();
            return new MemoryStore();
        });
        await Task.WhenAll(store.CreateAsync("a", new byte[] { 1 }, s_none).AsTask(), store.CreateAsync("b", new byte[] { 2 }, s_none).AsTask());
        Assert.Equal([1], await store.ReadAsync("a", s_none));
        Assert.Equal([2], await store.ReadAsync("b", s_none));
    }
}
