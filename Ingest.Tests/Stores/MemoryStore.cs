using System.Runtime.CompilerServices;
using Ingest.Core.Stores;

namespace Ingest.Tests.Stores;

/// <summary>Objects in memory, with the time of an injected clock: the store of simulations. Keeps copies, never the caller's buffer.</summary>
public sealed class MemoryStore(TimeProvider? time = null) : IObjectStore
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly SortedDictionary<string, (byte[] Content, DateTimeOffset ModifiedAt)> _objects = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Number of objects.</summary>
    public int Count
    {
        get { lock (_lock) return _objects.Count; }
    }

    public ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        ObjectName.Check(name);
        lock (_lock)
        {
            return new(_objects.TryAdd(name, (content.ToArray(), _time.GetUtcNow())) ? CreateOutcome.Created : CreateOutcome.AlreadyExists);
        }
    }

    public ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        ObjectName.Check(name);
        lock (_lock) _objects[name] = (content.ToArray(), _time.GetUtcNow());
        return default;
    }

    public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return new(Find(name)?.ToArray());
    }

    public async ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation)
    {
        var content = Find(name);
        if (content is null) return false;
        await destination.WriteAsync(content, cancellation);
        return true;
    }

    public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return new(Find(name)?.LongLength);
    }

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        ObjectName.CheckPrefix(prefix);
        await ValueTask.CompletedTask;
        List<StoredObject> found = [];
        lock (_lock)
        {
            foreach (var (name, (content, modifiedAt)) in _objects)
            {
                if (name.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(name, after) > 0)
                    found.Add(new StoredObject(name, content.Length, modifiedAt));
            }
        }

        foreach (var one in found)
        {
            cancellation.ThrowIfCancellationRequested();
            yield return one;
        }
    }

    public ValueTask DeleteAsync(string name, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        ObjectName.Check(name);
        lock (_lock) _objects.Remove(name);
        return default;
    }

    private byte[]? Find(string name)
    {
        ObjectName.Check(name);
        lock (_lock) return _objects.TryGetValue(name, out var found) ? found.Content : null;
    }
}
