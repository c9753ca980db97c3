using Ingest.Core.Stores;

namespace Ingest.Tests.Stores;

public sealed class StoreDeletesTests
{
    [Fact]
    public async Task The_first_goes_alone_then_several_together_and_none_is_left()
    {
        var store = new LateStore(new MemoryStore());
        for (var i = 0; i < 70; i++) await store.CreateAsync($"{i}", new byte[1], default);
        var deletes = new StoreDeletes(store);
        for (var i = 0; i < 70; i++) await deletes.AddAsync($"{i}", default);
        await deletes.CompleteAsync(default);
        Assert.Empty(await store.ListAsync("", null, default).ToListAsync());
        Assert.Equal(8, store.Most);
        Assert.Equal(1, store.MostAtFirst);
    }

    [Fact]
    public async Task A_store_that_fails_is_told()
    {
        var deletes = new StoreDeletes(new LateStore(new MemoryStore()) { Fails = true });
        await Assert.ThrowsAsync<StoreException>(async () => await deletes.AddAsync("a", default));
    }

    /// <summary>Answers once eight deletes have been asked for, or when no other has come for a while.</summary>
    private sealed class LateStore(IObjectStore inner) : ForwardingStore(inner)
    {
        private readonly TaskCompletionSource _eight = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _onTheirWay, _deleted;

        public override int CallsAtOnce => 32;

        public int Most { get; private set; }

        public int MostAtFirst { get; private set; }

        public bool Fails { get; init; }

        public override async ValueTask DeleteAsync(string name, CancellationToken cancellation)
        {
            Most = Math.Max(Most, Interlocked.Increment(ref _onTheirWay));
            if (_deleted == 0) MostAtFirst = Most;
            if (Most >= 8) _eight.TrySetResult();
            await Task.WhenAny(_eight.Task, Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, cancellation));
            Interlocked.Decrement(ref _onTheirWay);
            Interlocked.Increment(ref _deleted);
            if (Fails) throw new StoreException(StoreFault.Transient, "It fails.");
            await base.DeleteAsync(name, cancellation);
        }
    }
}
