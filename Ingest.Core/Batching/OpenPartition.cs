using System.Collections.Immutable;
using Apache.Arrow;
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
    private readonly NativeBuffer<int> _rows = new();
    private int _rowCount;
    private readonly NativeBuffer<UInt128> _keys = new();
    private readonly NativeBuffer<UInt128> _contents = new();
    private readonly NativeBuffer<ushort> _ranges = new();
    private int _count;

    public OpenPartition(ImmutableArray<string?> values, ImmutableArray<TableColumns.StoredColumn> columns, bool hasContents)
    {
        _values = values;
        _columns = [.. columns.Select(Appender)];
        _hasContents = hasContents;
    }

    public long Bytes
    {
        get
        {
            var bytes = OverheadBytes + _keys.Bytes + _contents.Bytes + _ranges.Bytes + _rows.Bytes + (_columns.Length * (long)OverheadColumnBytes);
            foreach (var column in _columns) bytes += column.Bytes;
            return bytes;
        }
    }

    /// <summary>Marks a row of the chunk at hand for this partition; true when it is the first.</summary>
    public bool Touch(int row)
    {
        if (_rowCount == _rows.Length) _rows.Reserve(_rowCount + 1L);
        _rows.Values[_rowCount++] = row;
        return _rowCount == 1;
    }

    /// <summary>Gathers the marked rows.</summary>
    public void AppendTouched(ImmutableArray<TableColumns.StoredColumn> columns, NormalizedRecords records, SystemVectors system, ushort range)
    {
        var rows = _rows.Values[.._rowCount];
        for (var i = 0; i < _columns.Length; i++)
        {
            var column = columns[i];
            _columns[i].Append(column.Ordinal >= 0 ? records.Columns[column.Ordinal] : system[column.Name], rows);
        }

        Reserve(rows.Length);
        Gather(records.Keys, rows, _keys);
        if (_hasContents) Gather(records.Contents, rows, _contents);
        _ranges.Values.Slice(_count, rows.Length).Fill(range);
        _count += rows.Length;
        _rowCount = 0;
    }

    /// <param name="schema">Shared by all partitions of a batch: it weighs more than a row does. Made from the first one.</param>
    public PartitionBatch Seal(ImmutableArray<TableColumns.StoredColumn> columns, ref Schema? schema)
    {
        var arrays = _columns.Select(c => c.Seal()).ToArray();
        schema ??= new Schema(columns.Select((c, i) => new Field(c.Name, arrays[i].Data.DataType, nullable: true)), null);
        var batch = new PartitionBatch(_values, new RecordBatch(schema, arrays, _count), _keys.Values[.._count].ToArray(), _hasContents ? _contents.Values[.._count].ToArray() : [], _ranges.Values[.._count].ToArray()) { Memory = new PartitionMemory(_columns) };
        ReleaseRows();
        return batch;
    }

    /// <summary>Gives everything back; for a partition that is not sealed.</summary>
    public void Release()
    {
        foreach (var column in _columns) column.Release();
        ReleaseRows();
    }

    private static ColumnAppender Appender(TableColumns.StoredColumn column)
    {
        var values = ColumnAppender.Create(column.Type, column.Precision, column.Scale);
        return column.Ordinal < 0 && SystemVectors.IsShared(column.Name) ? new RunEndAppender(values) : values;
    }

    private void ReleaseRows()
    {
        _rows.Release();
        _keys.Release();
        _contents.Release();
        _ranges.Release();
    }

    private void Gather(UInt128[] from, ReadOnlySpan<int> rows, NativeBuffer<UInt128> into)
    {
        var to = into.Values.Slice(_count, rows.Length);
        for (var i = 0; i < rows.Length; i++) to[i] = from[rows[i]];
    }

    private void Reserve(int more)
    {
        _keys.Reserve((long)_count + more);
        _ranges.Reserve((long)_count + more);
        if (_hasContents) _contents.Reserve((long)_count + more);
    }
}
