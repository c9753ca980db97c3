using System.Collections.Immutable;
using Apache.Arrow;
using Ingest.Core.Batching;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Pool.Parquet;

/// <summary>Writes rows that come in order into a Parquet file, one row group in memory at a time. What was written counts only after <see cref="CompleteAsync"/>.</summary>
internal sealed class SortedFileWriter : IDisposable
{
    /// <summary>Rows between two looks at what a row group weighs.</summary>
    private const int WeighRows = 1024;

    private readonly ImmutableArray<TableColumns.StoredColumn> _columns;
    private readonly Schema _schema;
    private readonly Stream _content;
    private readonly FileEncoder _encoder;
    private readonly int _groupRowsMax;
    private readonly long _groupBytesMax;
    private ColumnAppender[] _group;
    private int _groupRows;
    private int _unweighed;

    private SortedFileWriter(ImmutableArray<TableColumns.StoredColumn> columns, Schema schema, Stream content, int groupRowsMax, long groupBytesMax)
    {
        _columns = columns;
        _schema = schema;
        _content = content;
        _encoder = new FileEncoder(schema);
        _groupRowsMax = groupRowsMax;
        _groupBytesMax = groupBytesMax;
        _group = NewGroup();
    }

    /// <summary>Row groups written so far.</summary>
    public int Groups { get; private set; }

    public static SortedFileWriter Create(StoredTable table, Stream content, int groupRowsMax, long groupBytesMax)
    {
        var empty = table.Columns.Select(c => ColumnAppender.Create(c.Type, c.Precision, c.Scale).Seal()).ToArray();
        var schema = new Schema(table.Columns.Select((c, i) => new Field(c.Name, empty[i].Data.DataType, nullable: true)), null);
        return new SortedFileWriter(table.Columns, schema, content, groupRowsMax, groupBytesMax);
    }

    /// <summary>Appends rows in the given order.</summary>
    public async ValueTask AppendAsync(NormalizedRecords records, ReadOnlyMemory<int> rows, CancellationToken cancellation)
    {
        while (rows.Length > 0)
        {
            var count = Math.Min(Math.Min(rows.Length, WeighRows), _groupRowsMax - _groupRows);
            Gather(records, rows.Span[..count]);
            rows = rows[count..];
            _groupRows += count;
            _unweighed += count;
            if (_groupRows >= _groupRowsMax || IsHeavy()) await FlushAsync(cancellation);
        }
    }

    /// <summary>Writes what is left and the footer; returns the file's statistics.</summary>
    public async ValueTask<(long Rows, string StatsJson)> CompleteAsync(CancellationToken cancellation)
    {
        if (_groupRows > 0) await FlushAsync(cancellation);
        _encoder.Complete();
        await WriteOutAsync(cancellation);
        return (_encoder.Rows, _encoder.StatsJson);
    }

    public void Dispose()
    {
        foreach (var column in _group) column.Release();
        _encoder.Dispose();
    }

    /// <summary>A group of long texts ends early.</summary>
    private bool IsHeavy()
    {
        if (_unweighed < WeighRows) return false;
        _unweighed = 0;
        return _group.Sum(c => c.Bytes) >= _groupBytesMax;
    }

    private void Gather(NormalizedRecords records, ReadOnlySpan<int> rows)
    {
        for (var i = 0; i < _group.Length; i++)
        {
            var ordinal = _columns[i].Ordinal;
            _group[i].Append(ordinal < 0 ? records.Rescued : records.Columns[ordinal], rows);
        }
    }

    private async ValueTask FlushAsync(CancellationToken cancellation)
    {
        using (var batch = new RecordBatch(_schema, _group.Select(c => c.Seal()), _groupRows)) _encoder.AddGroup(batch, 0, _groupRows);
        await WriteOutAsync(cancellation);
        foreach (var column in _group) column.Release();
        _group = NewGroup();
        _groupRows = 0;
        Groups++;
    }

    private async ValueTask WriteOutAsync(CancellationToken cancellation)
    {
        await _content.WriteAsync(_encoder.Content.WrittenMemory, cancellation);
        _encoder.Flushed();
    }

    private ColumnAppender[] NewGroup() => [.. _columns.Select(c => ColumnAppender.Create(c.Type, c.Precision, c.Scale))];
}
