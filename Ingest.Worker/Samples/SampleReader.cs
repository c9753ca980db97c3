using System.Buffers;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Deduplicating;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Worker.Samples;

/// <summary>Runs bytes through the service's own decode, normalize and fingerprint stages.</summary>
internal static class SampleReader
{
    public static NormalizedChunk Read(TopicPlan topic, byte[] payload)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, payload.Length));
        payload.CopyTo(buffer, 0);
        var transfers = ArrayPool<Transfer>.Shared.Rent(1);
        transfers[0] = new Transfer(0, 0, 0, payload.Length);
        new ByteBudget(long.MaxValue).TryLease(payload.Length, out var lease);
        var chunk = new TransferChunk(new CommitRight(new TopicPartition(topic.Topic, 0), 0), new OffsetRange(0, 1), buffer, transfers, 1, lease);

        var decoded = new DecodedChunk(topic);
        var normalized = new NormalizedChunk(topic);
        new ChunkDecoder(topic, new DecodeLimits()).Decode(chunk, decoded);
        new ChunkNormalizer(topic).Normalize(decoded, normalized);
        for (var i = 0; i < normalized.Datasets.Length; i++) new Fingerprinter(topic.Datasets[i].Plan).Fingerprint(normalized.Datasets[i], topic.Department);
        return normalized;
    }
}
