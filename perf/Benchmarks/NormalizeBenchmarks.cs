using BenchmarkDotNet.Attributes;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;

namespace Ingest.Perf.Benchmarks;

/// <summary>Located records to typed columns.</summary>
[Config(typeof(StageConfig))]
public class NormalizeBenchmarks
{
    private const int Records = 4_000;
    private RecordChunk _records = null!;
    private ChunkNormalizer _normalizer = null!;

    [GlobalSetup]
    public void Setup()
    {
        _records = new RecordChunk(TransferFormat.Json, Records);
        _normalizer = new ChunkNormalizer(_records.Topic);
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public int Normalize()
    {
        _normalizer.Normalize(_records.Decoded, _records.Normalized);
        return _records.Normalized.Datasets[0].Count;
    }

    [GlobalCleanup]
    public void Cleanup() => _records.Dispose();
}
