using System.Runtime.CompilerServices;
using Ingest.Core.Stores;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Pool.Delta;

/// <summary>
/// A store whose calls wait until the simulation lets one of them act, all in one thread: any interleaving of writers can be made from a seed.
/// Creates may lose their reply, arrive long after they were given up, or arrive twice.
/// </summary>
internal sealed class SteppedStore(MemoryStore inner, Random random) : IObjectStore
{
    private readonly List<(Func<Task> Act, int Writer)> _waiting = [];
    private readonly List<(string Name, byte[] Content)> _late = [];

    /// <summary>Who is running; flows with the writer's calls.</summary>
    public AsyncLocal<int> Writer { get; } = new();

    public int Waiting => _waiting.Count;

    /// <summary>Lets one waiting call act (and its caller run on to the next call), or a create of long ago arrive.</summary>
    public void Step()
    {
        if (_late.Count > 0 && random.Next(6) == 0) Deliver(random.Next(_late.Count));
        var at = random.Next(_waiting.Count);
        var act = _waiting[at].Act;
        _waiting.RemoveAt(at);
        var acted = act();
        if (!acted.IsCompleted) throw new InvalidOperationException("The store in memory did not answer at once.");
        acted.GetAwaiter().GetResult();
    }

    /// <summary>The process of a writer dies: calls under way may act still, and nobody hears of it.</summary>
    public void Kill(int writer) => _waiting.RemoveAll(w => w.Writer == writer);

    /// <summary>All creates that were under way arrive, as they may at any time.</summary>
    public void DeliverAll()
    {
        while (_late.Count > 0) Deliver(0);
    }

    public ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var bytes = content.ToArray();
        _late.Add((name, bytes));
        return WaitAsync(async () =>
        {
            var fate = random.Next(10);
            if (fate == 0) throw new StoreException(StoreFault.Unknown, "Planned: not arrived yet.");
            var outcome = await inner.CreateAsync(name, bytes, CancellationToken.None);
            if (fate != 1) _late.RemoveAll(l => l.Content == bytes); // else it arrives once more, later
            return fate == 2 ? throw new StoreException(StoreFault.Unknown, "Planned: lost reply.") : outcome;
        }, cancellation);
    }

    public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) => WaitAsync(() => inner.ReadAsync(name, default), cancellation);

    public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) => WaitAsync(() => inner.SizeAsync(name, default), cancellation);

    public async ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) => await WaitAsync(async () =>
    {
        await inner.ReplaceAsync(name, content, default);
        return true;
    }, cancellation);

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var found in await WaitAsync(async () => await inner.ListAsync(prefix, after, default).ToListAsync(), cancellation)) yield return found;
    }

    public ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask DeleteAsync(string name, CancellationToken cancellation) => throw new InvalidOperationException($"Nobody may delete {name}.");

    private void Deliver(int at)
    {
        var (name, content) = _late[at];
        _late.RemoveAt(at);
        inner.CreateAsync(name, content, default).AsTask().GetAwaiter().GetResult();
    }

    private async ValueTask<T> WaitAsync<T>(Func<ValueTask<T>> act, CancellationToken cancellation)
    {
        var turn = new TaskCompletionSource<T>();
        _waiting.Add((ActAsync, Writer.Value));
        using var given = cancellation.Register(() => turn.TrySetCanceled(cancellation));
        return await turn.Task;

        async Task ActAsync()
        {
            T result;
            try
            {
                result = await act();
            }
            catch (StoreException fault)
            {
                turn.TrySetException(fault);
                return;
            }

            turn.TrySetResult(result);
        }
    }
}
