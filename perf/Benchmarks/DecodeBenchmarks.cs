using BenchmarkDotNet.Attributes;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;

namespace Ingest.Perf.Benchmarks;

/// <summary>Bytes to located records.</summary>
[Config(typeof(StageConfig))]
public class DecodeBenchmarks
{
    private const int Records = 4_000;
    private RecordChunk _records = null!;
    private ChunkDecoder _decoder = null!;

    [Params("Json", "Ndjson", "Csv")]
    public string Format { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _records = new RecordChunk(Enum.Parse<TransferFormat>(Format), Records);
        _decoder = new ChunkDecoder(_records.Topic, new DecodeLimits());
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public int Decode()
    {
        _decoder.Decode(_records.Chunk, _records.Decoded);
        return _records.Decoded.Datasets[0].Count;
    }

    [GlobalCleanup]
    public void Cleanup() => _records.Dispose();
}
