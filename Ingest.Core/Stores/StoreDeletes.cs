namespace Ingest.Core.Stores;

/// <summary>Deletes many objects, in no order: on a store that answers after 50 ms one by one would be under two million a day, fewer than a busy pool replaces.</summary>
internal sealed class StoreDeletes(IObjectStore store)
{
    private const int AtOnce = 32;

    private readonly List<string> _names = new(AtOnce);

    /// <summary>Deletes the object, now or with some of those that follow.</summary>
    /// <exception cref="StoreException">The store failed; what was deleted is deleted.</exception>
    public async ValueTask AddAsync(string name, CancellationToken cancellation)
    {
        _names.Add(name);
        if (_names.Count == AtOnce) await CompleteAsync(cancellation);
    }

    /// <summary>Deletes those that were not yet.</summary>
    /// <inheritdoc cref="AddAsync"/>
    public async ValueTask CompleteAsync(CancellationToken cancellation)
    {
        await Task.WhenAll(_names.Select(name => store.DeleteAsync(name, cancellation).AsTask()));
        _names.Clear();
    }
}
