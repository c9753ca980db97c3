using Ingest.Core.Stores;

namespace Ingest.Tests.Stores;

/// <summary>A store as a process sees it that is killed at one of its calls, before or after that has taken effect: from then on nothing gets through.</summary>
/// <param name="dyingCall">Which call, from 0.</param>
/// <param name="onlyWrites">Count only calls that change something: to die at a read is to die before the next of those.</param>
/// <param name="mayDelete">Whether its process has any business deleting.</param>
internal sealed class MortalStore(IObjectStore inner, int dyingCall, bool afterActing, bool onlyWrites = false, bool mayDelete = true) : InterceptedStore(inner)
{
    private readonly TaskCompletionSource _death = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<Task> _running = [];
    private int _calls = -1;

    /// <summary>Completes when it has come to that.</summary>
    public Task Death => _death.Task;

    /// <summary>Whether it has come to that.</summary>
    public bool IsDead => _death.Task.IsCompleted;

    /// <summary>Calls that were under way at its death have ended, well or not.</summary>
    public async Task EndedAsync()
    {
        Task[] running;
        lock (_running) running = [.. _running];
        await Task.WhenAll(running).ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    protected override async ValueTask<T> AroundAsync<T>(StoreOperations operation, string name, Func<ValueTask<T>> act, CancellationToken cancellation)
    {
        if (operation == StoreOperations.Delete && !mayDelete) throw new InvalidOperationException($"Nobody may delete {name}.");
        var isCounted = !onlyWrites || (operation & (StoreOperations.Create | StoreOperations.Replace | StoreOperations.Delete)) != 0;
        var call = isCounted ? Interlocked.Increment(ref _calls) : Volatile.Read(ref _calls);
        if (!IsDead && (call < dyingCall || !isCounted)) return await TrackAsync(act().AsTask());
        if (call == dyingCall && isCounted && afterActing) await TrackAsync(act().AsTask());
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
