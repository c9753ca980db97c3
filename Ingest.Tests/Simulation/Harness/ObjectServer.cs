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
    private readonly Dictionary<string, StoredBytes> _objects = new(StringComparer.Ordinal);

    /// <summary>Their names in order, for lists.</summary>
    private readonly List<string> _names = [];
    private readonly SortedDictionary<string, TableWatch> _watches = new(StringComparer.Ordinal);

    public StoreWeather Weather { get; set; } = StoreWeather.Fair;

    /// <summary>Requests that came in so far.</summary>
    public int Requests { get; private set; }

    /// <summary>Called before each request acts (false) and after it has acted (true), with its number; for crashes at exact points. False: it does not act.</summary>
    public Func<int, bool, bool>? Watcher { get; set; }

    /// <summary>Judges every change in a table's folder from now on.</summary>
    public void Watch(TableWatch watch) => _watches.Add(watch.Table, watch);

    public IEnumerable<TableWatch> Watches => _watches.Values;

    public TableWatch WatchOf(string table) => _watches[table];

    /// <summary>Sends a request and returns its answer, if one comes.</summary>
    public Task<T> SendAsync<T>(StoreCall call, string name, Func<bool, T> act, CancellationToken cancellation)
    {
        world.CheckThread();
        var reply = new TaskCompletionSource<T>();
        var number = Requests++;
        var fate = Weather.Draw(world, call, name);
        world.Note(Verb(call), name, (int)fate);
        if (fate != StoreFate.Well) world.Fault(Noun(fate), name);
        if (cancellation.CanBeCanceled) cancellation.UnsafeRegister(static r => ((TaskCompletionSource<T>)r!).TrySetCanceled(), reply);
        world.After(Weather.Latency(world), () => Arrive(call, name, act, fate, number, reply));
        return reply.Task;
    }

    /// <param name="isTorn">Only the first half arrives.</param>
    public CreateOutcome Create(string name, byte[] content, bool isTorn)
    {
        var arrived = new StoredBytes(isTorn ? content[..(content.Length / 2)] : content, world.Now);
        if (!_objects.TryAdd(name, arrived)) return CreateOutcome.AlreadyExists;
        _names.Insert(From(name), name);
        Watching(name)?.Written(name, arrived.Content);
        return CreateOutcome.Created;
    }

    public bool Replace(string name, byte[] content, bool isTorn)
    {
        var arrived = new StoredBytes(isTorn ? content[..(content.Length / 2)] : content, world.Now);
        if (!_objects.ContainsKey(name)) _names.Insert(From(name), name);
        _objects[name] = arrived;
        Watching(name)?.Written(name, arrived.Content);
        return true;
    }

    public byte[]? Read(string name) => _objects.GetValueOrDefault(name)?.Content;

    /// <summary>When the object was written; null when there is none.</summary>
    public TimeSpan? WrittenAt(string name) => _objects.GetValueOrDefault(name)?.At;

    public bool Delete(string name)
    {
        if (!_objects.Remove(name, out var gone)) return false;
        _names.RemoveAt(From(name));
        Watching(name)?.Deleted(name, gone);
        return true;
    }

    public IEnumerable<string> NamesBelow(string prefix)
    {
        for (var at = From(prefix); at < _names.Count && _names[at].StartsWith(prefix, StringComparison.Ordinal); at++) yield return _names[at];
    }

    /// <summary>Objects in order; a stale list lacks what was created lately.</summary>
    public List<StoredObject> List(string prefix, string? after, DateTimeOffset epoch)
    {
        var since = Weather.IsListStale(world) ? world.Now - TimeSpan.FromSeconds(5) : TimeSpan.MaxValue;
        if (since < TimeSpan.MaxValue) world.Fault("stale list", prefix);
        var found = new List<StoredObject>();
        for (var at = From(string.CompareOrdinal(after, prefix) > 0 ? after! : prefix); at < _names.Count && _names[at].StartsWith(prefix, StringComparison.Ordinal); at++)
        {
            if (_names[at] == after) continue;
            var stored = _objects[_names[at]];
            if (stored.At <= since) found.Add(new StoredObject(_names[at], stored.Content.Length, epoch + stored.At));
        }

        return found;
    }

    /// <summary>Where the first name stands that is this one or comes behind it.</summary>
    private int From(string name)
    {
        var at = _names.BinarySearch(name, StringComparer.Ordinal);
        return at < 0 ? ~at : at;
    }

    private TableWatch? Watching(string name) => _watches.Count == 0 ? null : _watches.GetValueOrDefault(name[..Math.Max(0, name.IndexOf('/'))]);

    private void Arrive<T>(StoreCall call, string name, Func<bool, T> act, StoreFate fate, int number, TaskCompletionSource<T> reply)
    {
        if (Watcher?.Invoke(number, false) == false) return;
        var isWrite = call is StoreCall.Create or StoreCall.Replace or StoreCall.Delete;
        switch (fate)
        {
            case StoreFate.Refused:
                Fail(reply, StoreFault.Transient, call, name);
                return;
            case StoreFate.Denied:
                Fail(reply, StoreFault.Denied, call, name);
                return;
            case StoreFate.Full:
                Fail(reply, StoreFault.Full, call, name);
                return;
            case StoreFate.RequestLost:
                if (world.Chance(0.5)) Fail(reply, isWrite ? StoreFault.Unknown : StoreFault.Transient, call, name);
                return;
            case StoreFate.Late:
                Fail(reply, StoreFault.Unknown, call, name);
                world.After(world.Between(Weather.LateAfter, TimeSpan.FromSeconds(90)), () =>
                {
                    world.Note("arrives late", name);
                    act(false);
                });
                return;
            case StoreFate.Torn:
                act(true);
                Fail(reply, StoreFault.Unknown, call, name);
                return;
        }

        var result = act(false);
        Watcher?.Invoke(number, true);
        if (fate == StoreFate.AnsweredTaken) result = (T)(object)CreateOutcome.AlreadyExists;
        if (fate == StoreFate.ReplyLost)
        {
            if (world.Chance(0.5)) Fail(reply, isWrite ? StoreFault.Unknown : StoreFault.Transient, call, name);
            return;
        }

        Answer(() => reply.TrySetResult(result));
    }

    private void Fail<T>(TaskCompletionSource<T> reply, StoreFault fault, StoreCall call, string name) =>
        Answer(() => reply.TrySetException(new StoreException(fault, $"Simulated: {call} {name}.")));

    private void Answer(Action reply) => world.After(Weather.Latency(world), reply);

    private static string Verb(StoreCall call) => call switch
    {
        StoreCall.Create => "create",
        StoreCall.Replace => "replace",
        StoreCall.Read => "read",
        StoreCall.Size => "size",
        StoreCall.List => "list",
        _ => "delete",
    };

    private static string Noun(StoreFate fate) => fate switch
    {
        StoreFate.Refused => "store: 503",
        StoreFate.Denied => "store: 403",
        StoreFate.Full => "store: full",
        StoreFate.RequestLost => "store: request lost",
        StoreFate.ReplyLost => "store: reply lost",
        StoreFate.Late => "store: arrives late",
        StoreFate.Torn => "store: torn write",
        _ => "store: 412 on own create",
    };
}

/// <summary>An object and the virtual time it was written.</summary>
internal sealed record StoredBytes(byte[] Content, TimeSpan At);
