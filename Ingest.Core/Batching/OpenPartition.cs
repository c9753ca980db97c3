using System.Collections.Immutable;
using Apache.Arrow;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>The rows of one table partition in an open batch.</summary>
internal sealed class OpenPartition
{
    // Objects, headers and array lengths, of which thousands of partitions with a row or two consist for the most part: measured 1.4 KiB and 250 bytes a column.
    private const int OverheadBytes = 1400, OverheadColumnBytes = 250;

    private readonly ImmutableArray<string?> _values;
    private readonly ColumnAppender[] _columns;
    private readonly bool _hasContents;
    private int[] _rows = [];
    private int _rowCount;
    private UInt128[] _keys = [];
    private UInt128[] _contents = [];
    private ushort[] _ranges = [];
    private int _count;

    public OpenPartition(ImmutableArray<string?> values, ImmutableArray<TableColumns.StoredColumn> columns, bool hasContents)
    {
        _values = values;
        _columns = [.. columns.Select(c => ColumnAppender.Create(c.Type, c.Precision, c.Scale))];
        _hasContents = hasContents;
    }

    public long Bytes
    {
        get
        {
            var bytes = OverheadBytes + ((_keys.Length + _contents.Length) * 16L) + (_ranges.Length * 2L) + (_rows.Length * 4L) + (_columns.Length * (long)OverheadColumnBytes);
            foreach (var column in _columns) bytes += column.Bytes;
            return bytes;
        }
    }

    /// <summary>Marks a row of the chunk at hand for this partition; true when it is the first.</summary>
    public bool Touch(int row)
    {
        if (_rowCount == _rows.Length) ColumnArrays<int>.Grow(ref _rows, _rowCount, _rowCount + 1);
        _rows[_rowCount++] = row;
        return _rowCount == 1;
    }

    /// <summary>Gathers the marked rows.</summary>
    public void AppendTouched(ImmutableArray<TableColumns.StoredColumn> columns, NormalizedRecords records, SystemVectors system, ushort range)
    {
        var rows = _rows.AsSpan(0, _rowCount);
        for (var i = 0; i < _columns.Length; i++)
        {
            var column = columns[i];
            if (column.Ordinal >= 0) _columns[i].Append(records.Columns[column.Ordinal], rows);
            else if (column.Name == SystemColumns.Topic) ((BytesAppender)_columns[i]).AppendRepeated(system.Topic, rows.Length);
            else if (column.Name == SystemColumns.Partition) ((FixedAppender<int>)_columns[i]).AppendRepeated(system.Partition, rows.Length);
            else _columns[i].Append(system[column.Name], rows);
        }

        Reserve(rows.Length);
        for (var i = 0; i < rows.Length; i++) _keys[_count + i] = records.Keys[rows[i]];
        if (_hasContents)
        {
            for (var i = 0; i < rows.Length; i++) _contents[_count + i] = records.Contents[rows[i]];
        }

        _ranges.AsSpan(_count, rows.Length).Fill(range);
        _count += rows.Length;
        _rowCount = 0;
    }

    /// <param name="schema">Shared by all partitions of a batch: it weighs more than a row does. Made from the first one.</param>
    public PartitionBatch Seal(ImmutableArray<TableColumns.StoredColumn> columns, ref Schema? schema)
    {
        var arrays = _columns.Select(c => c.Seal()).ToArray();
        schema ??= new Schema(columns.Select((c, i) => new Field(c.Name, arrays[i].Data.DataType, nullable: true)), null);
        var batch = new PartitionBatch(_values, new RecordBatch(schema, arrays, _count), _keys[.._count], _hasContents ? _contents[.._count] : [], _ranges[.._count]) { Memory = new PartitionMemory(_columns) };
        ReleaseRows();
        return batch;
    }

    /// <summary>Gives everything back; for a partition that is not sealed.</summary>
    public void Release()
    {
        foreach (var column in _columns) column.Release();
        ReleaseRows();
    }

    private void ReleaseRows()
    {
        ColumnArrays<int>.Release(ref _rows);
        ColumnArrays<UInt128>.Release(ref _keys);
        ColumnArrays<UInt128>.Release(ref _contents);
        ColumnArrays<ushort>.Release(ref _ranges);
    }

    private void Reserve(int more)
    {
        ColumnArrays<UInt128>.Grow(ref _keys, _count, _count + more);
        ColumnArrays<ushort>.Grow(ref _ranges, _count, _count + more);
        if (_hasContents) ColumnArrays<UInt128>.Grow(ref _contents, _count, _count + more);
    }
}
