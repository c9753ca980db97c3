using System.Buffers;
using System.Text;
using System.Text.Json;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Deduplicating;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;
using Ingest.Perf.Workloads;

namespace Ingest.Perf.Benchmarks;

/// <summary>The workload's transfers of one department as one chunk, and what the stages make of it, for benchmarks of a single stage.</summary>
internal sealed class RecordChunk : IDisposable
{
    private const int RecordsPerTransfer = 20;

    public RecordChunk(TransferFormat format, int records)
    {
        Topic = Plan(format);
        Chunk = Build(Topic, Transfers(format, records));
        Decoded = new DecodedChunk(Topic);
        new ChunkDecoder(Topic, new DecodeLimits()).Decode(Chunk, Decoded);
        Normalized = new NormalizedChunk(Topic);
        new ChunkNormalizer(Topic).Normalize(Decoded, Normalized);
        new Fingerprinter(Topic.Datasets[0].Plan).Fingerprint(Normalized.Datasets[0], Topic.Department);
        if (Normalized.Rejections.Count > 0 || Normalized.Datasets[0].Count != records)
            throw new InvalidOperationException($"{Normalized.Datasets[0].Count} of {records} records were taken, {Normalized.Rejections.Count} refused: {Normalized.Rejections.FirstOrDefault()}.");
    }

    public TopicPlan Topic { get; }

    public TransferChunk Chunk { get; }

    public DecodedChunk Decoded { get; }

    public NormalizedChunk Normalized { get; }

    public void Dispose() => Normalized.Dispose();

    /// <summary>One partition for all, so that a batch becomes one file.</summary>
    private static TopicPlan Plan(TransferFormat format)
    {
        var text = $$"""
            dataset: bench
            topics: [{ topic: bench.{{Workload.Department(0)}}, department: {{Workload.Department(0)}} }]
            partition: [department]

            """ + WorkloadContract.Records.Replace("format: json", $"format: {format.ToString().ToLowerInvariant()}", StringComparison.Ordinal)
                .Replace("columns:", "columns:\n  - { name: dept, type: string }", StringComparison.Ordinal);
        var result = CatalogLoader.Load([new ContractSource("bench.yaml", text)]);
        return result.Catalog?.Topics.Values.Single() ?? throw new InvalidOperationException(string.Join('\n', result.Errors));
    }

    private static List<byte[]> Transfers(TransferFormat format, int records)
    {
        var transfers = new List<byte[]>();
        using var writer = new RecordWriter(new Workload("bench", RecordsPerTransfer, (long)records * Workload.Departments));
        for (long message = 0; transfers.Count < records / RecordsPerTransfer; message++)
        {
            var (department, payload) = writer.Next(message);
            if (department == 0) transfers.Add(format == TransferFormat.Csv ? Csv(payload) : payload.ToArray());
        }

        return transfers;
    }

    private static byte[] Csv(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var rows = document.RootElement.EnumerateArray().Select(record => string.Join(',', record.EnumerateObject().Select(f => f.Value.ToString())));
        var header = string.Join(',', document.RootElement[0].EnumerateObject().Select(f => f.Name));
        return Encoding.UTF8.GetBytes(string.Join('\n', rows.Prepend(header)) + "\n");
    }

    private static TransferChunk Build(TopicPlan topic, List<byte[]> payloads)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(payloads.Sum(p => p.Length));
        var transfers = ArrayPool<Transfer>.Shared.Rent(payloads.Count);
        var at = 0;
        for (var i = 0; i < payloads.Count; i++)
        {
            payloads[i].CopyTo(buffer, at);
            transfers[i] = new Transfer(i, 0, at, payloads[i].Length);
            at += payloads[i].Length;
        }

        return new TransferChunk(new CommitRight(new TopicPartition(topic.Topic, 0), 0), new OffsetRange(0, payloads.Count), buffer, transfers, payloads.Count, Lease());
    }

    private static ByteLease Lease()
    {
        new ByteBudget(long.MaxValue).TryLease(1, out var lease);
        return lease;
    }
}
