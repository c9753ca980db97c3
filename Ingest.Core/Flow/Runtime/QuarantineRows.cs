using System.Text;
using System.Text.Unicode;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Deduplicating;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>Turns refused records into rows of the quarantine table. Owned by the control loop; reused from chunk to chunk.</summary>
internal sealed class QuarantineRows
{
    private const long MicrosecondsPerDay = 86_400_000_000;

    /// <summary>
    /// Bytes of CSV headers that the rows of one chunk keep; beyond, only the first of a transfer does. A header may be as large as its transfer, and a transfer may have a million rows to refuse.
    /// </summary>
    internal const int HeaderBytesMax = 16 << 20;

    // What a transfer with many or large refusals has blown up is not kept.
    private const long KeptBytesMax = 8 << 20;

    private static readonly DatasetPlan s_plan = QuarantineDataset.Plan;

    private readonly string _sourceName;
    private readonly TopicPlan _topic = new() { Topic = "", Department = "", Format = TransferFormat.Json, Datasets = [new TopicDataset(s_plan, null)] };
    private NormalizedChunk _chunk;
    private readonly Fingerprinter _fingerprinter = new(s_plan);
    private byte[] _scratch = new byte[512];
    private int _headerOf;
    private int _headerStart;
    private int _headerLength;
    private long _headerBytes;

    public QuarantineRows(string sourceName)
    {
        _sourceName = sourceName;
        _chunk = new NormalizedChunk(_topic);
    }

    public int Count => Records.Count;

    public NormalizedRecords Records => _chunk.Datasets[0];

    /// <summary>The rows, as a chunk that <c>OpenBatch</c> takes. Not to be disposed: it borrows the chunk it was made from.</summary>
    public NormalizedChunk Chunk => _chunk;

    public void Reset(TopicPlan topic, TransferChunk chunk)
    {
        _chunk.Topic = topic;
        _chunk.Reset(chunk);
        _headerOf = -1;
        _headerBytes = 0;
    }

    /// <summary>Forgets the rows, for more of the same chunk.</summary>
    public void Clear()
    {
        if (_chunk.ResidentBytes <= KeptBytesMax)
        {
            _chunk.Reset(_chunk.Chunk);
            return;
        }

        var (topic, chunk) = (_chunk.Topic, _chunk.Chunk);
        _chunk = new NormalizedChunk(_topic) { Topic = topic };
        _chunk.Reset(chunk);
    }

    public void Add(in Rejection rejection)
    {
        var topic = _chunk.Topic;
        var chunk = _chunk.Chunk;
        var records = Records;
        ref readonly var transfer = ref chunk.Transfers[rejection.Transfer];
        var row = records.Count;
        Reserve(records, row + 1);
        records.Transfer[row] = rejection.Transfer;
        records.Position[row] = rejection.Position;
        records.Span[row] = (rejection.Start, rejection.Length);
        records.Refused[row] = 0;

        var dataset = rejection.Dataset >= 0 ? topic.Datasets[rejection.Dataset].Plan : null;
        AppendId(Text(records, QuarantineDataset.Id), transfer.Offset, rejection.Position);
        AppendText(Text(records, QuarantineDataset.Dataset), dataset?.Name);
        AppendText(Text(records, QuarantineDataset.Reason), rejection.Reason.Text());
        AppendText(Text(records, QuarantineDataset.Field), dataset is not null && rejection.Column >= 0 ? dataset.Columns[rejection.Column].Name : null);
        AppendText(Text(records, QuarantineDataset.Detail), rejection.Detail);
        Text(records, QuarantineDataset.Raw).Append(chunk.Buffer.AsSpan(rejection.Start, rejection.Length));
        AppendText(Text(records, QuarantineDataset.Contract), dataset?.ContractHash);
        AppendHeader(Text(records, QuarantineDataset.Header), rejection, transfer);
        records.Rescued.AppendNull();
        if (transfer.PublishedAtMs > 0) records.EventDate.Append((int)(transfer.PublishedAtMs * 1000 / MicrosecondsPerDay));
        else records.EventDate.AppendNull();
        records.Count = row + 1;
    }

    /// <summary>Fingerprints the rows added since <see cref="Reset"/>.</summary>
    public void Fingerprint() => _fingerprinter.Fingerprint(Records, _chunk.Topic.Department);

    private static BytesVector Text(NormalizedRecords records, int column) => (BytesVector)records.Columns[column];

    private void AppendId(BytesVector vector, long offset, int position)
    {
        var source = _chunk.Chunk.Source;
        int written;
        while (!Utf8.TryWrite(_scratch, $"{_sourceName}/{source.Topic}/{source.Partition}/{offset}/{position}", out written)) _scratch = new byte[_scratch.Length * 2];
        vector.Append(_scratch.AsSpan(0, written));
    }

    /// <summary>
    /// A row of a CSV transfer says nothing without the transfer's header; a whole transfer has its own. Rows that cannot keep it share it with the first of their transfer.
    /// </summary>
    private void AppendHeader(BytesVector vector, in Rejection rejection, in Transfer transfer)
    {
        if (_chunk.Topic.Format != TransferFormat.Csv || rejection.Position < 0)
        {
            vector.AppendNull();
            return;
        }

        var isFirst = _headerOf != rejection.Transfer;
        if (isFirst)
        {
            var bytes = _chunk.Chunk.Buffer.AsSpan(transfer.Start, transfer.Length);
            var header = CsvHeader.Of(bytes, _chunk.Topic.Delimiter);
            bytes.Overlaps(header, out var at);
            (_headerOf, _headerStart, _headerLength) = (rejection.Transfer, transfer.Start + at, header.Length);
        }

        if (!isFirst && _headerBytes + _headerLength > HeaderBytesMax)
        {
            vector.AppendNull();
            return;
        }

        _headerBytes += _headerLength;
        vector.Append(_chunk.Chunk.Buffer.AsSpan(_headerStart, _headerLength));
    }

    private void AppendText(BytesVector vector, string? text)
    {
        if (text is null)
        {
            vector.AppendNull();
            return;
        }

        var bytesMax = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (_scratch.Length < bytesMax) _scratch = new byte[bytesMax];
        vector.Append(_scratch.AsSpan(0, Encoding.UTF8.GetBytes(text, _scratch)));
    }

    private static void Reserve(NormalizedRecords records, int rows)
    {
        if (records.Refused.Length >= rows) return;
        var size = Math.Max(rows, records.Refused.Length * 2);
        Array.Resize(ref records.Refused, size);
        Array.Resize(ref records.Transfer, size);
        Array.Resize(ref records.Position, size);
        Array.Resize(ref records.Span, size);
    }
}
