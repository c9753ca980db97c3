using System.Runtime.CompilerServices;
using Ingest.Core.Stores;

namespace Ingest.Tests.Pool.Delta;

/// <summary>The process dies at its n-th call (from 0), before or after the call has taken effect; from then on nothing gets through.</summary>
/// <param name="onlyWrites">Count only calls that change something: to die at a read is to die before the next of those.</param>
internal sealed class CrashingStore(IObjectStore inner, int diesAt, bool afterActing, bool onlyWrites = false) : IObjectStore
{
    private int _calls;

    /// <summary>Whether it came to that.</summary>
    public bool IsDead { get; private set; }

    public ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) => RunAsync(() => inner.CreateAsync(name, content, cancellation), isWrite: true);

    public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) => RunAsync(() => inner.ReadAsync(name, cancellation));

    public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) => RunAsync(() => inner.SizeAsync(name, cancellation));

    public ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation) => RunAsync(() => inner.CopyToAsync(name, destination, cancellation));

    public async ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) => await RunAsync(async () =>
    {
        await inner.ReplaceAsync(name, content, cancellation);
        return true;
    }, isWrite: true);

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var found in await RunAsync(async () => await inner.ListAsync(prefix, after, cancellation).ToListAsync(cancellation))) yield return found;
    }

    public ValueTask DeleteAsync(string name, CancellationToken cancellation) => throw new InvalidOperationException($"Nobody may delete {name}.");

    private async ValueTask<T> RunAsync<T>(Func<ValueTask<T>> act, bool isWrite = false)
    {
        if (!IsDead && ((onlyWrites && !isWrite) || _calls++ != diesAt)) return await act();
        if (!IsDead && afterActing) await act();
        IsDead = true;
        throw new CrashException();
    }

    /// <summary>Stands for the end of the process.</summary>
    internal sealed class CrashException() : Exception("The process died, as planned.");
}
