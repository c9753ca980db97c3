using Ingest.Core.Stores;

namespace Ingest.Tests.Stores;

public sealed class StoreDeletesTests
{
    [Fact]
    public async Task Many_are_on_their_way_together_and_none_is_left()
    {
        var store = new LateStore(new MemoryStore(), 32);
        for (var i = 0; i < 70; i++) await store.CreateAsync($"{i}", new byte[1], default);
        var deletes = new StoreDeletes(store);
        for (var i = 0; i < 70; i++) await deletes.AddAsync($"{i}", default);
        await deletes.CompleteAsync(default);
        Assert.Empty(await store.ListAsync("", null, default).ToListAsync());
        Assert.Equal(32, store.Most);
    }

    [Fact]
    public async Task A_store_that_fails_is_told()
    {
        var deletes = new StoreDeletes(new LateStore(new MemoryStore(), 1) { Fails = true });
        await deletes.AddAsync("a", default);
        await Assert.ThrowsAsync<StoreException>(async () => await deletes.CompleteAsync(default));
    }

    /// <summary>Answers only once so many deletes have been asked for.</summary>
    private sealed class LateStore(IObjectStore inner, int atOnce) : ForwardingStore(inner)
    {
        private readonly TaskCompletionSource _enough = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _onTheirWay;

        public int Most { get; private set; }

        public bool Fails { get; init; }

        public override async ValueTask DeleteAsync(string name, CancellationToken cancellation)
        {
            Most = Math.Max(Most, Interlocked.Increment(ref _onTheirWay));
            if (Most >= atOnce) _enough.TrySetResult();
            await _enough.Task.WaitAsync(TimeSpan.FromSeconds(10), cancellation);
            Interlocked.Decrement(ref _onTheirWay);
            if (Fails) throw new StoreException(StoreFault.Transient, "It fails.");
            await base.DeleteAsync(name, cancellation);
        }
    }
}
