using Ingest.Core;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Stores;

namespace Ingest.Tests.Deduplicating.Index;

/// <summary>A table's index with a store, a cache folder and a log that consists of its latest state.</summary>
internal sealed class IndexWorld(bool hasContents, int seed = 1) : IDisposable
{
    private readonly SeededIdSource _ids = new(seed);
    private readonly MemoryStore _store = new();
    private readonly string _root = Directory.CreateTempSubdirectory("ingest-index-").FullName;

    public IObjectStore Store => _store;

    /// <summary>Objects by name, to be damaged.</summary>
    public SortedDictionary<string, byte[]> Objects => _store.Objects;

    /// <summary>Throws before (false) or after (true) an object is created; null for no fault.</summary>
    public bool? FaultAfterCreate { set => _store.FaultAfterCreate = value; }

    public string CacheFolder => Path.Combine(_root, "cache");

    public string WorkFolder => Path.Combine(_root, "work");

    public LocalRunCache Cache => field ??= new LocalRunCache(CacheFolder, new SeededIdSource(seed + 1));

    public IndexState State { get; set; } = IndexState.Empty;

    public TableIndex Index { get; private set; } = null!;

    public async ValueTask OpenAsync()
    {
        Index?.Dispose();
        Index = await TableIndex.OpenAsync(Store, Cache, hasContents, State.Runs, CancellationToken.None);
    }

    /// <summary>Creates a run in the store; no log entry names it yet.</summary>
    public async ValueTask<RunDescriptor> WriteAsync(UInt128[] keys, UInt128[] contents)
    {
        var (run, bytes) = RunWriter.Encode($"{_ids.Next():N}.run", keys, contents);
        await Store.CreateAsync(IndexNames.Run(run.Name), bytes, CancellationToken.None);
        return run;
    }

    public async ValueTask<RunDescriptor> CommitAsync(UInt128[] keys, UInt128[]? contents = null)
    {
        var run = await WriteAsync(keys, contents ?? []);
        await PublishAsync([run], []);
        return run;
    }

    public ValueTask PublishAsync(RunMerge merge) => PublishAsync([merge.Added], [.. merge.Removed.Select(r => r.Name)]);

    public async ValueTask PublishAsync(RunDescriptor[] added, string[] removed)
    {
        RunDescriptor[] runs = [.. State.Runs.Where(r => !removed.Contains(r.Name)), .. added];
        State = new IndexState(runs, runs.Sum(r => r.Keys), runs.Aggregate(UInt128.Zero, (sum, r) => sum + r.Sum));
        await Index.ApplyAsync(new IndexDelta(added, removed, State.TotalKeys, State.TotalSum), CancellationToken.None);
    }

    /// <summary>What the index says of keys in any order.</summary>
    public (bool[] Present, UInt128[] Contents) Probe(IEnumerable<UInt128> keys)
    {
        var sorted = keys.Order().ToArray();
        var present = new bool[sorted.Length];
        var contents = new UInt128[hasContents ? sorted.Length : 0];
        Index.Probe(sorted, present, contents);
        return (present, contents);
    }

    public bool Holds(UInt128 key) => Probe([key]).Present[0];

    public void WipeCache()
    {
        if (Directory.Exists(CacheFolder)) Directory.Delete(CacheFolder, recursive: true);
    }

    /// <summary>Distinct keys, uniform or crowded into few high or low halves, or few dates.</summary>
    public static UInt128[] Keys(Random random, int count, bool crowded = false)
    {
        var keys = new HashSet<UInt128>();
        while (keys.Count < count)
        {
            var kind = crowded ? random.Next(4) : 0;
            var high = kind switch
            {
                1 => (ulong)random.Next(2) * 0x8000_0000_0000_0000,
                3 => ((ulong)random.Next(3) * 0x4001 << 48) | (Uniform(random) >> 16),
                _ => Uniform(random),
            };
            var low = kind == 2 ? (ulong)random.Next(2) : Uniform(random);
            keys.Add(new UInt128(high, low));
        }

        return [.. keys];
    }

    private static ulong Uniform(Random random) => ((ulong)(uint)random.Next(1 << 16) << 48) ^ (ulong)random.NextInt64();

    public void Dispose()
    {
        Index?.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private sealed class MemoryStore : IObjectStore
    {
        private readonly DateTimeOffset _born = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public SortedDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

        public bool? FaultAfterCreate { get; set; }

        public ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
        {
            if (FaultAfterCreate == false) throw new StoreException(StoreFault.Transient, "no answer");
            bool added;
            lock (Objects) added = Objects.TryAdd(name, content.ToArray());
            if (FaultAfterCreate == true) throw new StoreException(StoreFault.Unknown, "answer lost");
            return new(added ? CreateOutcome.Created : CreateOutcome.AlreadyExists);
        }

        public ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
        {
            lock (Objects) Objects[name] = content.ToArray();
            return default;
        }

        public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) => new(Find(name));

        public async ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation)
        {
            if (Find(name) is not { } content) return false;
            await destination.WriteAsync(content, cancellation);
            return true;
        }

        public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) => new(Find(name)?.LongLength);

        public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
        {
            await ValueTask.CompletedTask;
            KeyValuePair<string, byte[]>[] all;
            lock (Objects) all = [.. Objects];
            foreach (var (name, content) in all)
            {
                if (name.StartsWith(prefix, StringComparison.Ordinal) && (after is null || string.CompareOrdinal(name, after) > 0))
                    yield return new StoredObject(name, content.Length, _born);
            }
        }

        public ValueTask DeleteAsync(string name, CancellationToken cancellation)
        {
            lock (Objects) Objects.Remove(name);
            return default;
        }

        private byte[]? Find(string name)
        {
            lock (Objects) return Objects.GetValueOrDefault(name);
        }
    }
}
