using Ingest.Core.Stores;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Pool.Delta;

/// <summary>
/// A store as one of several interleaved workers sees it: each call waits for its turn, and creating a log entry may give no clear answer: it took effect, or it
/// did not, or it will at some later time.
/// </summary>
internal sealed class LateStore(IObjectStore inner, Interleaver turns, Random random) : ForwardingStore(inner)
{
    public override async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        await turns.NextAsync();
        if (!name.StartsWith("_delta_log/", StringComparison.Ordinal)) return await base.CreateAsync(name, content, cancellation);
        switch (random.Next(8))
        {
            case 0:
                await base.CreateAsync(name, content, cancellation);
                break;
            case 1:
                break;
            case 2:
                var late = content.ToArray();
                turns.Later(() => base.CreateAsync(name, late, CancellationToken.None).AsTask().Wait(CancellationToken.None));
                break;
            default:
                return await base.CreateAsync(name, content, cancellation);
        }

        throw new StoreException(StoreFault.Unknown, $"No answer about {name}.");
    }

    public override async ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        await turns.NextAsync();
        await base.ReplaceAsync(name, content, cancellation);
    }

    public override async ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation)
    {
        await turns.NextAsync();
        return await base.ReadAsync(name, cancellation);
    }

    public override async ValueTask<long?> SizeAsync(string name, CancellationToken cancellation)
    {
        await turns.NextAsync();
        return await base.SizeAsync(name, cancellation);
    }
}

/// <summary>Lets workers go on one at a time, in an order drawn from a seed, all on one thread.</summary>
internal sealed class Interleaver(Random random)
{
    private readonly List<TaskCompletionSource> _waiting = [];
    private readonly List<Action> _later = [];

    public Task NextAsync()
    {
        var turn = new TaskCompletionSource();
        _waiting.Add(turn);
        return turn.Task;
    }

    public void Later(Action action) => _later.Add(action);

    /// <summary>Runs the workers to their end.</summary>
    public void Run(params IEnumerable<Func<Task>> workers)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            var running = workers.Select(w => w()).ToArray();
            for (var turns = 0; running.Any(t => !t.IsCompleted); turns++)
            {
                if (turns > 100_000) throw new InvalidOperationException("The workers do not come to an end.");
                if (_later.Count > 0 && random.Next(6) == 0) Take(_later)();
                else if (_waiting.Count > 0) Take(_waiting).SetResult();
                else throw new InvalidOperationException("A worker waits for something else.");
            }

            while (_later.Count > 0) Take(_later)();
            Task.WhenAll(running).GetAwaiter().GetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private T Take<T>(List<T> from)
    {
        var at = random.Next(from.Count);
        var taken = from[at];
        from.RemoveAt(at);
        return taken;
    }
}
