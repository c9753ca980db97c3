using System.Runtime.CompilerServices;
using Ingest.Core.Stores;

namespace Ingest.Tests.Stores;

/// <summary>Leads every call through one method, which may do something before or after it, or instead.</summary>
public abstract class InterceptedStore(IObjectStore inner) : IObjectStore
{
    public virtual ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        AroundAsync(StoreOperations.Create, name, () => inner.CreateAsync(name, content, cancellation), cancellation);

    public virtual ValueTask<CreateOutcome> CreateUniqueAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        AroundAsync(StoreOperations.Create, name, () => inner.CreateUniqueAsync(name, content, cancellation), cancellation);

    public async ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        await AroundAsync(StoreOperations.Replace, name, () => DoneAsync(inner.ReplaceAsync(name, content, cancellation)), cancellation);

    public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) =>
        AroundAsync(StoreOperations.Read, name, () => inner.ReadAsync(name, cancellation), cancellation);

    public ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation) =>
        AroundAsync(StoreOperations.Read, name, () => inner.CopyToAsync(name, destination, cancellation), cancellation);

    public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) =>
        AroundAsync(StoreOperations.Size, name, () => inner.SizeAsync(name, cancellation), cancellation);

    public virtual async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var found in await AroundAsync(StoreOperations.List, prefix, () => inner.ListAsync(prefix, after, cancellation).ToListAsync(cancellation), cancellation)) yield return found;
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellation) =>
        await AroundAsync(StoreOperations.Delete, name, () => DoneAsync(inner.DeleteAsync(name, cancellation)), cancellation);

    /// <summary>A call of the store.</summary>
    /// <param name="name">Of an object; of a listing its prefix.</param>
    /// <param name="act">Does what was asked for.</param>
    protected abstract ValueTask<T> AroundAsync<T>(StoreOperations operation, string name, Func<ValueTask<T>> act, CancellationToken cancellation);

    private static async ValueTask<bool> DoneAsync(ValueTask action)
    {
        await action;
        return true;
    }
}
