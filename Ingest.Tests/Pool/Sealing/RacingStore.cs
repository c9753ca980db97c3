using System.Runtime.CompilerServices;
using Ingest.Core.Stores;

namespace Ingest.Tests.Pool.Sealing;

/// <summary>A store in front of which something can be made to happen before each create and each list.</summary>
internal sealed class RacingStore(IObjectStore inner) : IObjectStore
{
    public Func<string, Task> BeforeCreate { get; set; } = _ => Task.CompletedTask;

    public Func<string, Task> BeforeList { get; set; } = _ => Task.CompletedTask;

    public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        await BeforeCreate(name);
        return await inner.CreateAsync(name, content, cancellation);
    }

    public ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) => inner.ReplaceAsync(name, content, cancellation);

    public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) => inner.ReadAsync(name, cancellation);

    public ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation) => inner.CopyToAsync(name, destination, cancellation);

    public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) => inner.SizeAsync(name, cancellation);

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await BeforeList(prefix);
        await foreach (var found in inner.ListAsync(prefix, after, cancellation)) yield return found;
    }

    public ValueTask DeleteAsync(string name, CancellationToken cancellation) => inner.DeleteAsync(name, cancellation);
}
