using System.Buffers;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Deduplicating;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Replay;

/// <summary>
/// Runs quarantined bytes through the service's own decoding, normalizing and fingerprinting, by the contracts of today. What comes out stands where it came
/// from: same topic, partition, offset and position as if it had never been refused.
/// </summary>
internal sealed class ReplayDecoder(DecodeLimits limits)
{
    private readonly Dictionary<(string Topic, bool IsRecord), Stage> _stages = [];

    /// <summary>Whether a row of the quarantine holds one record's own bytes, without the envelope or document around it.</summary>
    public static bool IsBareRecord(TopicPlan topic, QuarantinedRecord row) =>
        row.Position >= 0 && topic.Format != TransferFormat.Csv && row.Reason is not ("not-json" or "too-deep" or "records-not-found" or "not-utf8");

    /// <summary>What makes it pointless to try: null when nothing does.</summary>
    public static string? Hindrance(TopicPlan topic, QuarantinedRecord row)
    {
        if (topic.Format == TransferFormat.Csv && row.Position >= 0 && row.Header is null) return "csv-header-not-kept";
        if (!IsBareRecord(topic, row)) return null;
        return row.Raw.AsSpan().TrimStart(" \t\r\n"u8) is [(byte)'{', ..] ? null : ReasonCode.NotAnObject.Text();
    }

    /// <summary>Decodes rows of one topic-partition that are all bare records or all not. The answer belongs to the caller until the next call for the topic.</summary>
    /// <param name="isRecord">Whether they are bare records.</param>
    public NormalizedChunk Run(TopicPlan topic, IReadOnlyList<QuarantinedRecord> rows, bool isRecord)
    {
        if (!_stages.TryGetValue((topic.Topic, isRecord), out var stage)) _stages.Add((topic.Topic, isRecord), stage = new Stage(topic, limits, isRecord));
        var chunk = Chunk(rows);
        var normalized = stage.Run(chunk);

        // What comes of a row that has a place stands there, also when it is several records, as a line may be: the next place is that of the next row.
        foreach (var records in normalized.Datasets)
        {
            for (var i = 0; i < records.Count; i++)
            {
                if (rows[records.Transfer[i]].Position is >= 0 and var place) records.Position[i] = place;
            }
        }

        for (var i = 0; i < normalized.Rejections.Count; i++)
        {
            var rejection = normalized.Rejections[i];
            if (rows[rejection.Transfer].Position is >= 0 and var place) normalized.Rejections[i] = rejection with { Position = place };
        }

        return normalized;
    }

    private static TransferChunk Chunk(IReadOnlyList<QuarantinedRecord> rows)
    {
        var bytes = rows.Sum(r => r.Raw.Length + (IsCsvRow(r) ? r.Header!.Length + 1 : 0));
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, bytes));
        var transfers = ArrayPool<Transfer>.Shared.Rent(rows.Count);
        var at = 0;
        for (var i = 0; i < rows.Count; i++)
        {
            var start = at;
            if (IsCsvRow(rows[i]))
            {
                rows[i].Header!.CopyTo(buffer, at);
                at += rows[i].Header!.Length;
                buffer[at++] = (byte)'\n';
            }

            rows[i].Raw.CopyTo(buffer, at);
            at += rows[i].Raw.Length;
            transfers[i] = new Transfer(rows[i].Offset, rows[i].PublishedAtMs, start, at - start);
        }

        new ByteBudget(long.MaxValue).TryLease(buffer.Length, out var lease);
        return new TransferChunk(new CommitRight(rows[0].Source, 0), new OffsetRange(0, 0), buffer, transfers, rows.Count, lease);
    }

    private static bool IsCsvRow(QuarantinedRecord row) => row is { Position: >= 0, Header: not null };

    /// <summary>The stages of one topic.</summary>
    private sealed class Stage
    {
        private readonly TopicPlan _topic;
        private readonly ChunkDecoder _decoder;
        private readonly ChunkNormalizer _normalizer;
        private readonly Fingerprinter[] _fingerprinters;
        private readonly DecodedChunk _decoded;
        private readonly NormalizedChunk _normalized;

        public Stage(TopicPlan topic, DecodeLimits limits, bool isRecord)
        {
            _topic = isRecord ? topic with { Format = TransferFormat.Json, Records = new FieldPath([]) } : topic;
            _decoder = new ChunkDecoder(_topic, limits);
            _normalizer = new ChunkNormalizer(_topic);
            _fingerprinters = [.. _topic.Datasets.Select(d => new Fingerprinter(d.Plan))];
            _decoded = new DecodedChunk(_topic);
            _normalized = new NormalizedChunk(_topic);
        }

        public NormalizedChunk Run(TransferChunk chunk)
        {
            _decoder.Decode(chunk, _decoded);
            _normalizer.Normalize(_decoded, _normalized);
            for (var i = 0; i < _fingerprinters.Length; i++) _fingerprinters[i].Fingerprint(_normalized.Datasets[i], _topic.Department);
            return _normalized;
        }
    }
}
