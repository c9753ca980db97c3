using System.Runtime.CompilerServices;
using Ingest.Core.Stores;

namespace Ingest.Tests.Pool.Sealing.Harness;

/// <summary>A store as a process sees it that is killed at one of its calls, before or after that has taken effect: from then on nothing gets through.</summary>
/// <param name="dyingCall">Which call, from 0.</param>
internal sealed class MortalStore(IObjectStore inner, int dyingCall, bool afterActing) : IObjectStore
{
    private readonly TaskCompletionSource _death = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<Task> _running = [];
    private int _calls = -1;

    /// <summary>Completes when it has come to that.</summary>
    public Task Death => _death.Task;

    /// <summary>Calls that were under way at its death have ended, well or not.</summary>
    public async Task EndedAsync()
    {
        Task[] running;
        lock (_running) running = [.. _running];
        await Task.WhenAll(running).ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    public ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) => RunAsync(() => inner.CreateAsync(name, content, cancellation));

    public ValueTask<CreateOutcome> CreateUniqueAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) => RunAsync(() => inner.CreateUniqueAsync(name, content, cancellation));

    public async ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) => await RunAsync(async () =>
    {
        await inner.ReplaceAsync(name, content, cancellation);
        return true;
    });

    public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) => RunAsync(() => inner.ReadAsync(name, cancellation));

    public ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation) => RunAsync(() => inner.CopyToAsync(name, destination, cancellation));

    public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) => RunAsync(() => inner.SizeAsync(name, cancellation));

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var found in await RunAsync(async () => await inner.ListAsync(prefix, after, cancellation).ToListAsync(cancellation))) yield return found;
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellation) => await RunAsync(async () =>
    {
        await inner.DeleteAsync(name, cancellation);
        return true;
    });

    private async ValueTask<T> RunAsync<T>(Func<ValueTask<T>> act)
    {
        var call = Interlocked.Increment(ref _calls);
        if (call < dyingCall) return await TrackAsync(act().AsTask());
        if (call == dyingCall && afterActing) await TrackAsync(act().AsTask());
        _death.TrySetResult();
        throw new KilledException();
    }

    private async Task<T> TrackAsync<T>(Task<T> call)
    {
        lock (_running) _running.Add(call);
        try
        {
            return await call;
        }
        finally
        {
            lock (_running) _running.Remove(call);
        }
    }

    /// <summary>Stands for the end of the process.</summary>
    internal sealed class KilledException() : Exception("The process was killed, as planned.");
}
