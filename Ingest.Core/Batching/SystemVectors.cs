using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>
/// The system columns of a chunk's rows, as vectors like any other; filled once a chunk and dataset. Those that are the same for all rows of a chunk
/// (<see cref="IsShared"/>) have one row.
/// </summary>
internal sealed class SystemVectors
{
    private readonly FixedVector<long> _offset = new();
    private readonly FixedVector<int> _position = new();
    private readonly FixedVector<long> _publishedAt = new();
    private BytesVector _rescued = new();
    private readonly BytesVector _topic = new();
    private readonly FixedVector<int> _partition = new();
    private readonly BytesVector _department = new();
    private string _topicText = "";
    private string _departmentText = "";

    public ColumnVector this[string column] => column switch
    {
        SystemColumns.Rescued => _rescued,
        SystemColumns.Department => _department,
        SystemColumns.Topic => _topic,
        SystemColumns.Partition => _partition,
        SystemColumns.Offset => _offset,
        SystemColumns.Position => _position,
        SystemColumns.PublishedAt => _publishedAt,
        _ => throw new ArgumentOutOfRangeException(nameof(column)),
    };

    /// <summary>All rows of a chunk have the same value.</summary>
    public static bool IsShared(string column) => column is SystemColumns.Department or SystemColumns.Topic or SystemColumns.Partition;

    public void Fill(NormalizedChunk chunk, NormalizedRecords records)
    {
        _rescued = records.Rescued;
        foreach (var vector in (ReadOnlySpan<ColumnVector>)[_offset, _position, _publishedAt]) vector.Clear();
        var source = chunk.Chunk.Source;
        Share(_topic, ref _topicText, source.Topic);
        Share(_department, ref _departmentText, chunk.Topic.Department);

        _partition.Clear();
        _partition.Append(source.Partition);
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

    private static void Share(BytesVector vector, ref string known, string text)
    {
        if (text == known && vector.Count > 0) return;
        known = text;
        vector.Clear();
        vector.Append(Encoding.UTF8.GetBytes(text));
    }
}
