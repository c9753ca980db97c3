using Ingest.Core.Stores;

namespace Ingest.Tests.Stores;

/// <summary>Passes every call on: for stores that do otherwise in one or two of them.</summary>
internal abstract class ForwardingStore(IObjectStore inner) : IObjectStore
{
    public virtual int CallsAtOnce => inner.CallsAtOnce;

    public virtual ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) => inner.CreateAsync(name, content, cancellation);

    public virtual ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) => inner.ReplaceAsync(name, content, cancellation);

    public virtual ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) => inner.ReadAsync(name, cancellation);

    public virtual ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation) => inner.CopyToAsync(name, destination, cancellation);

    public virtual ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) => inner.SizeAsync(name, cancellation);

    public virtual IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, CancellationToken cancellation) => inner.ListAsync(prefix, after, cancellation);

    public virtual ValueTask DeleteAsync(string name, CancellationToken cancellation) => inner.DeleteAsync(name, cancellation);
}
