using System.IO.Compression;
using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Parquet;

namespace Ingest.Core.Pool.Parquet;

/// <summary>Encodes a partition's rows as one Parquet file. Thread-safe: nothing is kept between calls.</summary>
public sealed class DataFileWriter
{
    /// <summary>Rows in a row group. Parquet.Net writes one page a column and group, and readers inflate whole pages: larger costs them memory, smaller costs size and speed.</summary>
    private const int RowGroupRows = 500_000;

    // The library's default level is a hundred times slower for a few per cent of size.
    private static readonly ParquetOptions s_options = new() { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = CompressionLevel.Fastest };

    /// <param name="id">Names the file; nobody else uses it.</param>
    /// <exception cref="InvalidDataException">What was written does not read back as it should; nothing may be uploaded.</exception>
    public async ValueTask<EncodedFile> EncodeAsync(DatasetPlan plan, PartitionBatch batch, Guid id, CancellationToken cancellation)
    {
        var content = new MemoryStream();
        var columns = FileColumns.For(batch.Batch.Schema);
        await using (var writer = await ParquetWriter.CreateAsync(columns.LogicalSchema, content, s_options, append: false, cancellation))
        {
            for (var start = 0; start < batch.RowCount; start += RowGroupRows)
            {
                var count = Math.Min(RowGroupRows, batch.RowCount - start);
                using var group = writer.CreateRowGroup();
                for (var i = 0; i < columns.Fields.Length; i++) await ColumnChunkWriter.WriteAsync(group, columns.Fields[i], batch.Batch.Column(i), start, count, cancellation);
                group.CompleteValidate();
            }
        }

        await CheckAsync(content, batch, cancellation);
        var sum = UInt128.Zero;
        foreach (var key in batch.Keys) sum += key;
        var path = TableLayout.NewFile(PartitionPath.Folder(TableSchema.PartitionColumns(plan), batch.Values), id);
        return new EncodedFile(new DataFile(path, batch.Values, content.Length, batch.RowCount, sum, FileStatistics.Json(batch.Batch)), content);
    }

    /// <summary>The library writes a footer even after a failure: only a file that opens with all its rows may leave.</summary>
    private static async ValueTask CheckAsync(MemoryStream content, PartitionBatch batch, CancellationToken cancellation)
    {
        content.Position = 0;
        await using var reader = await ParquetReader.CreateAsync(content, null, leaveStreamOpen: true, cancellation);
        var rows = 0L;
        foreach (var group in reader.Metadata!.RowGroups)
        {
            rows += group.NumRows;
            if (group.Columns.Count != batch.Batch.ColumnCount) throw new InvalidDataException($"A row group has {group.Columns.Count} columns instead of {batch.Batch.ColumnCount}.");
        }

        if (rows != batch.RowCount) throw new InvalidDataException($"A file has {rows} rows instead of {batch.RowCount}.");
    }
}
