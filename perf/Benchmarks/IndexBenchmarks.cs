using BenchmarkDotNet.Attributes;
using Ingest.Core;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Stores;

namespace Ingest.Perf.Benchmarks;

/// <summary>Looks up batches of 65,536 keys, one in ten of them known, in an index of one run; every batch is another.</summary>
[Config(typeof(StageConfig))]
public class IndexBenchmarks
{
    private const int BatchKeys = 65_536;
    private const int Batches = 16;
    private readonly bool[] _present = new bool[BatchKeys];
    private readonly UInt128[][] _batches = new UInt128[Batches][];
    private string _folder = "";
    private TableIndex _index = null!;
    private int _next;

    [Params(1_000_000, 10_000_000)]
    public int Keys { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _folder = Directory.CreateTempSubdirectory("ingest-bench-").FullName;
        var random = new Random(1);
        var keys = new UInt128[Keys];
        for (var i = 0; i < keys.Length; i++) keys[i] = Next(random);
        for (var b = 0; b < Batches; b++)
        {
            _batches[b] = new UInt128[BatchKeys];
            for (var i = 0; i < BatchKeys; i++) _batches[b][i] = i % 10 == 0 ? keys[random.Next(Keys)] : Next(random);
            Array.Sort(_batches[b]);
        }

        var store = new LocalStore(Path.Combine(_folder, "table"), IdSource.System);
        var (run, bytes) = RunWriter.Encode("bench.run", keys, []);
        await store.CreateAsync(IndexNames.Run(run.Name), bytes, CancellationToken.None);
        _index = await TableIndex.OpenAsync(store, new LocalRunCache(Path.Combine(_folder, "cache")), hasContents: false, [run], CancellationToken.None);
    }

    [Benchmark(OperationsPerInvoke = BatchKeys)]
    public bool Lookup()
    {
        Array.Clear(_present);
        _index.Probe(_batches[_next++ % Batches], _present, []);
        return _present[0];
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _index.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static UInt128 Next(Random random) => new((ulong)random.NextInt64(long.MinValue, long.MaxValue), (ulong)random.NextInt64(long.MinValue, long.MaxValue));
}
