using Ingest.Core.Stores;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>What a call to the store does.</summary>
internal enum StoreCall
{
    Create,
    Replace,
    Read,
    Size,
    List,
    Delete,
}

/// <summary>
/// An object store on the other side of a network: it acts on a request some time after it was sent, the answer takes time as well, and either may get lost.
/// What a request does, it does whether or not the one who sent it still lives.
/// </summary>
internal sealed class ObjectServer(World world)
{
    private readonly SortedDictionary<string, StoredBytes> _objects = new(StringComparer.Ordinal);
    private readonly List<(TimeSpan At, string Name)> _births = [];

    public IReadOnlyDictionary<string, StoredBytes> Objects => _objects;

    public StoreWeather Weather { get; set; } = StoreWeather.Fair;

    /// <summary>Requests that came in so far.</summary>
    public int Requests { get; private set; }

    /// <summary>Requests that met a fault.</summary>
    public int Faults { get; private set; }

    /// <summary>Called before each request acts (false) and after it has acted (true), with its number; for crashes at exact points.</summary>
    public Action<int, bool>? Watcher { get; set; }

    /// <summary>Sends a request and returns its answer, if one comes.</summary>
    public Task<T> SendAsync<T>(StoreCall call, string name, Func<T> act, CancellationToken cancellation)
    {
        world.CheckThread();
        var reply = new TaskCompletionSource<T>();
        var number = Requests++;
        var fate = Weather.Draw(world, call);
        if (fate != StoreFate.Well) Faults++;
        if (cancellation.CanBeCanceled) cancellation.Register(static r => ((TaskCompletionSource<T>)r!).TrySetCanceled(), reply);
        world.After(Weather.Latency(world), () => Arrive(call, name, act, fate, number, reply));
        return reply.Task;
    }

    public CreateOutcome Create(string name, byte[] content)
    {
        if (!_objects.TryAdd(name, new StoredBytes(content, world.Now))) return CreateOutcome.AlreadyExists;
        _births.Add((world.Now, name));
        return CreateOutcome.Created;
    }

    public bool Replace(string name, byte[] content)
    {
        _objects[name] = new StoredBytes(content, world.Now);
        return true;
    }

    public byte[]? Read(string name) => _objects.GetValueOrDefault(name)?.Content;

    public bool Delete(string name) => _objects.Remove(name);

    /// <summary>Objects in order; a stale list lacks what was created lately.</summary>
    public List<StoredObject> List(string prefix, string? after, DateTimeOffset epoch)
    {
        var since = Weather.IsListStale(world) ? world.Now - TimeSpan.FromSeconds(5) : TimeSpan.MaxValue;
        return [.. _objects
            .Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(o.Key, after) > 0 && o.Value.At <= since)
            .Select(o => new StoredObject(o.Key, o.Value.Content.Length, epoch + o.Value.At))];
    }

    private void Arrive<T>(StoreCall call, string name, Func<T> act, StoreFate fate, int number, TaskCompletionSource<T> reply)
    {
        Watcher?.Invoke(number, false);
        var isWrite = call is StoreCall.Create or StoreCall.Replace or StoreCall.Delete;
        switch (fate)
        {
            case StoreFate.Refused:
                Answer(() => reply.TrySetException(new StoreException(StoreFault.Transient, $"Simulated: {call} {name} refused.")));
                return;
            case StoreFate.RequestLost:
                if (world.Chance(0.5)) Answer(() => reply.TrySetException(new StoreException(isWrite ? StoreFault.Unknown : StoreFault.Transient, $"Simulated: {call} {name} lost.")));
                return;
            case StoreFate.Late when isWrite:
                Answer(() => reply.TrySetException(new StoreException(StoreFault.Unknown, $"Simulated: {call} {name} timed out.")));
                world.After(world.Between(TimeSpan.Zero, TimeSpan.FromSeconds(90)), () => act());
                return;
        }

        var result = act();
        Watcher?.Invoke(number, true);
        if (fate == StoreFate.ReplyLost)
        {
            if (world.Chance(0.5)) Answer(() => reply.TrySetException(new StoreException(isWrite ? StoreFault.Unknown : StoreFault.Transient, $"Simulated: the answer to {call} {name} was lost.")));
            return;
        }

        Answer(() => reply.TrySetResult(result));
    }

    private void Answer(Action reply) => world.After(Weather.Latency(world), reply);
}

/// <summary>An object and the virtual time it was written.</summary>
internal sealed record StoredBytes(byte[] Content, TimeSpan At);
