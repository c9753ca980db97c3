using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Stores;
using Parquet;

namespace Ingest.Core.Pool.Parquet;

/// <summary>Encodes a partition's rows as one Parquet file. Thread-safe.</summary>
public sealed class DataFileWriter
{
    /// <summary>Rows in a row group: readers work on whole groups in parallel, and skip whole groups by their bounds.</summary>
    private const int RowGroupRows = 500_000;

    /// <param name="id">Names the file; nobody else uses it.</param>
    /// <exception cref="InvalidDataException">What was encoded does not open as it should; nothing may be uploaded.</exception>
    public async ValueTask<EncodedFile> EncodeAsync(DatasetPlan plan, PartitionBatch batch, Guid id, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var encoder = new FileEncoder(batch.Batch.Schema);
        for (var start = 0; start < batch.RowCount; start += RowGroupRows) encoder.AddGroup(batch.Batch, start, Math.Min(RowGroupRows, batch.RowCount - start));
        encoder.Complete();
        var sum = UInt128.Zero;
        foreach (var key in batch.Keys) sum += key;
        var path = TableLayout.NewFile(PartitionPath.Folder(TableSchema.PartitionColumns(plan), batch.Values), id);
        var file = new DataFile(path, batch.Values, encoder.Content.Length, batch.RowCount, sum, encoder.StatsJson);
        var encoded = new EncodedFile(file, encoder.Content.Detach());
        try
        {
            await CheckAsync(encoded, batch, cancellation);

            // Its columns lie outside of the managed heap, and what was read of them above were bare addresses.
            GC.KeepAlive(batch);
            return encoded;
        }
        catch
        {
            encoded.Dispose();
            throw;
        }
    }

    /// <summary>Opened by other code than wrote it: only a file whose footer tells all its rows and columns may leave.</summary>
    private static async ValueTask CheckAsync(EncodedFile encoded, PartitionBatch batch, CancellationToken cancellation)
    {
        using var content = new MemoryReadStream(encoded.Content);
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
