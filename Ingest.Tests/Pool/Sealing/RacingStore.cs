using System.Runtime.CompilerServices;
using Ingest.Core.Stores;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Pool.Sealing;

/// <summary>A store in front of which something can be made to happen before each create and each list.</summary>
internal sealed class RacingStore(IObjectStore inner) : ForwardingStore(inner)
{
    public Func<string, Task> BeforeCreate { get; set; } = _ => Task.CompletedTask;

    public Func<string, Task> BeforeList { get; set; } = _ => Task.CompletedTask;

    public override async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        await BeforeCreate(name);
        return await base.CreateAsync(name, content, cancellation);
    }

    public override async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await BeforeList(prefix);
        await foreach (var found in base.ListAsync(prefix, after, cancellation)) yield return found;
    }
}
