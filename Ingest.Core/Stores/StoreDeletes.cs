namespace Ingest.Core.Stores;

/// <summary>Deletes many objects, in no order: on a store that answers after 50 ms one by one would be under two million a day, fewer than a busy pool replaces.</summary>
internal sealed class StoreDeletes(IObjectStore store)
{
    // Fewer than failures that open the circuit breaker: a store that fails them all is to say why, not to be spared.
    private const int AtOnceMax = 8;

    private readonly List<string> _names = new(AtOnceMax);

    // The first goes alone: what forbids all of them is told of one.
    private int _atOnce = 1;

    /// <summary>Deletes the object, now or with some of those that follow.</summary>
    /// <exception cref="StoreException">The store failed; what was deleted is deleted.</exception>
    public async ValueTask AddAsync(string name, CancellationToken cancellation)
    {
        _names.Add(name);
        if (_names.Count < _atOnce) return;
        await CompleteAsync(cancellation);
        _atOnce = Math.Min(AtOnceMax, store.CallsAtOnce);
    }

    /// <summary>Deletes those that were not yet.</summary>
    /// <inheritdoc cref="AddAsync"/>
    public async ValueTask CompleteAsync(CancellationToken cancellation)
    {
        await Task.WhenAll(_names.Select(async name => await store.DeleteAsync(name, cancellation)));
        _names.Clear();
    }
}
