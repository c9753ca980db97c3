using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Core.Decoding;

/// <summary>
/// Locates the records of a chunk's transfers, in the format of their topic. Hostile input is a value here: each record ends up either located or refused,
/// and nothing is thrown. Not thread-safe: one a worker and topic, because it learns the order of the sender's fields.
/// </summary>
public sealed class ChunkDecoder
{
    private readonly TopicPlan _topic;
    private readonly DecodeLimits _limits;
    private readonly JsonDecoder? _json;
    private readonly CsvDecoder? _csv;

    public ChunkDecoder(TopicPlan topic, DecodeLimits limits)
        : this(topic, limits, scans: true)
    {
    }

    /// <param name="scans">False: without the fast way through JSON, to compare with it.</param>
    internal ChunkDecoder(TopicPlan topic, DecodeLimits limits, bool scans)
    {
        _topic = topic;
        _limits = limits;
        if (topic.Format == TransferFormat.Csv) _csv = new CsvDecoder(topic, limits);
        else _json = new JsonDecoder(topic, limits, scans);
    }

    /// <summary>Fills <paramref name="into"/> with what the chunk holds.</summary>
    public void Decode(TransferChunk chunk, DecodedChunk into)
    {
        into.Reset(chunk);
        if (_json is not null)
        {
            foreach (var (records, paths) in into.Datasets.Zip(_json.Paths)) records.Paths = paths;
        }

        var transfers = chunk.Transfers;
        for (var i = 0; i < transfers.Length; i++)
        {
            into.Begin(_limits.WeightMax);
            DecodeTransfer(chunk.Buffer, i, transfers[i].Start, transfers[i].Length, into);
            into.End(i);
        }
    }

    private void DecodeTransfer(byte[] buffer, int transfer, int start, int length, DecodedChunk into)
    {
        if (length > _limits.TransferBytesMax)
        {
            into.Rejections.Add(new Rejection(transfer, -1, ReasonCode.TooLarge, _topic.DatasetOfUnread, -1, start, length, $"{length} bytes, at most {_limits.TransferBytesMax}"));
            return;
        }

        if (buffer.AsSpan(start, length).StartsWith("\uFEFF"u8)) (start, length) = (start + 3, length - 3);
        if (buffer.AsSpan(start, length).Trim(" \t\r\n"u8).IsEmpty) return;
        var position = 0;
        switch (_topic.Format)
        {
            case TransferFormat.Json:
                _json!.Decode(buffer, transfer, start, length, ref position, into, isLine: false);
                break;
            case TransferFormat.Ndjson:
                NdjsonDecoder.Decode(_json!, buffer, transfer, start, length, into);
                break;
            case TransferFormat.Csv:
                _csv!.Decode(buffer, transfer, start, length, into);
                break;
        }
    }
}
