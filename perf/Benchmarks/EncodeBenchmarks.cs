using BenchmarkDotNet.Attributes;
using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating;
using Ingest.Core.Pool.Parquet;

namespace Ingest.Perf.Benchmarks;

/// <summary>A partition's rows to the bytes of a Parquet file, statistics and all.</summary>
[Config(typeof(StageConfig))]
public class EncodeBenchmarks
{
    private const int Records = 100_000;
    private readonly DataFileWriter _writer = new();
    private RecordChunk _records = null!;
    private PartitionBatch _batch = null!;

    [GlobalSetup]
    public void Setup()
    {
        _records = new RecordChunk(TransferFormat.Json, Records);
        using var open = new OpenBatch(_records.Topic.Datasets[0].Plan);
        open.Append(_records.Normalized, _records.Normalized.Datasets[0], new Selection { Rows = [.. Enumerable.Range(0, Records)], Count = Records }, 0);
        _batch = open.Seal().Single();
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public async Task<long> EncodeAsync()
    {
        var file = await _writer.EncodeAsync(_records.Topic.Datasets[0].Plan, _batch, Guid.Empty, CancellationToken.None);
        return file.File.Bytes;
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _batch.Batch.Dispose();
        _records.Dispose();
    }
}
