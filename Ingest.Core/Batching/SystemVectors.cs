using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>The system columns of a chunk's rows, as vectors like any other; filled once a chunk and dataset.</summary>
internal sealed class SystemVectors
{
    private readonly FixedVector<long> _offset = new();
    private readonly FixedVector<int> _position = new();
    private readonly FixedVector<long> _publishedAt = new();
    private BytesVector _rescued = new();
    private string _topicText = "";
    private byte[] _topicBytes = [];

    /// <summary>The topic of all rows, UTF-8.</summary>
    public ReadOnlySpan<byte> Topic => _topicBytes;

    /// <summary>The partition of all rows.</summary>
    public int Partition { get; private set; }

    /// <summary>A column whose value differs from row to row.</summary>
    public ColumnVector this[string column] => column switch
    {
        SystemColumns.Rescued => _rescued,
        SystemColumns.Offset => _offset,
        SystemColumns.Position => _position,
        SystemColumns.PublishedAt => _publishedAt,
        _ => throw new ArgumentOutOfRangeException(nameof(column)),
    };

    public void Fill(NormalizedChunk chunk, NormalizedRecords records)
    {
        _rescued = records.Rescued;
        foreach (var vector in (ReadOnlySpan<ColumnVector>)[_offset, _position, _publishedAt]) vector.Clear();
        var source = chunk.Chunk.Source;
        if (source.Topic != _topicText) (_topicText, _topicBytes) = (source.Topic, Encoding.UTF8.GetBytes(source.Topic));
        Partition = source.Partition;
        var transfers = chunk.Chunk.Transfers;
        for (var row = 0; row < records.Count; row++)
        {
            ref readonly var transfer = ref transfers[records.Transfer[row]];
            _offset.Append(transfer.Offset);
            _position.Append(records.Position[row]);
            if (transfer.PublishedAtMs > 0) _publishedAt.Append(transfer.PublishedAtMs * 1000);
            else _publishedAt.AppendNull();
        }
    }
}
