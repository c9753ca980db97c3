using BenchmarkDotNet.Attributes;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating;

namespace Ingest.Perf.Benchmarks;

/// <summary>Typed columns to 128-bit fingerprints.</summary>
[Config(typeof(StageConfig))]
public class FingerprintBenchmarks
{
    private const int Records = 4_000;
    private RecordChunk _records = null!;
    private Fingerprinter _fingerprinter = null!;

    [GlobalSetup]
    public void Setup()
    {
        _records = new RecordChunk(TransferFormat.Json, Records);
        _fingerprinter = new Fingerprinter(_records.Topic.Datasets[0].Plan);
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public UInt128 Fingerprint()
    {
        _fingerprinter.Fingerprint(_records.Normalized.Datasets[0], _records.Topic.Department);
        return _records.Normalized.Datasets[0].Keys[0];
    }

    [GlobalCleanup]
    public void Cleanup() => _records.Dispose();
}
