using System.Collections.Concurrent;
using Apache.Arrow;

namespace Ingest.Core.Pool.Parquet;

/// <summary>
/// Encodes one Parquet file into a buffer, row group by row group, with its statistics. Whoever writes to a stream takes what is there between groups
/// (<see cref="Flushed"/>). Buffers of column chunks are shared by all files that are encoded, one after the other.
/// </summary>
internal sealed class FileEncoder : IDisposable
{
    private static readonly ConcurrentQueue<ColumnChunkWriter> s_spares = new();

    private readonly PhysicalColumn[] _columns;
    private readonly List<ChunkMetadata[]> _groups = [];
    private readonly FileStatistics _statistics;
    private long _flushedBytes;

    public FileEncoder(Schema schema)
    {
        _columns = [.. schema.FieldsList.Select(PhysicalColumn.Of)];
        _statistics = new FileStatistics(schema);
        Content.Write("PAR1"u8);
    }

    /// <summary>What is encoded and was not flushed.</summary>
    public PageBuffer Content { get; } = new();

    public long Rows => _statistics.Rows;

    public string StatsJson => _statistics.Json();

    /// <summary>Adds rows of the batch as a row group; at least one.</summary>
    public void AddGroup(RecordBatch batch, int start, int count)
    {
        var writer = s_spares.TryDequeue(out var spare) ? spare : new ColumnChunkWriter();
        var chunks = new ChunkMetadata[_columns.Length];
        for (var i = 0; i < chunks.Length; i++) chunks[i] = writer.Write(_columns[i], batch.Column(i), start, count, _flushedBytes, Content);

        // One for each thread that encodes: a writer that failed above is left to the collector.
        if (s_spares.Count < Environment.ProcessorCount) s_spares.Enqueue(writer);
        else writer.Dispose();
        _groups.Add(chunks);
        _statistics.Add(batch, chunks);
    }

    /// <summary>Adds the footer: the file is whole.</summary>
    public void Complete()
    {
        var start = Content.Length;
        FileFooter.Write(_columns, _groups, Content);
        Content.WriteInt32(Content.Length - start);
        Content.Write("PAR1"u8);
    }

    /// <summary>What was encoded so far has been written elsewhere, and the buffer is used again.</summary>
    public void Flushed()
    {
        _flushedBytes += Content.Length;
        Content.Clear();
    }

    public void Dispose() => Content.Dispose();
}
