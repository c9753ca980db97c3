using Ingest.Core.Batching;
using Ingest.Core.Contracts;

namespace Ingest.Core.Pool.Parquet;

/// <summary>Encodes a partition's rows as one Parquet file. Thread-safe.</summary>
public sealed class DataFileWriter
{
    /// <summary>Rows in a row group: readers work on whole groups in parallel, and skip whole groups by their bounds.</summary>
    private const int RowGroupRows = 500_000;

    /// <param name="id">Names the file; nobody else uses it.</param>
    public ValueTask<EncodedFile> EncodeAsync(DatasetPlan plan, PartitionBatch batch, Guid id, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var encoder = new FileEncoder(batch.Batch.Schema);
        for (var start = 0; start < batch.RowCount; start += RowGroupRows) encoder.AddGroup(batch.Batch, start, Math.Min(RowGroupRows, batch.RowCount - start));
        encoder.Complete();
        var sum = UInt128.Zero;
        foreach (var key in batch.Keys) sum += key;
        var path = TableLayout.NewFile(PartitionPath.Folder(TableSchema.PartitionColumns(plan), batch.Values), id);
        var file = new DataFile(path, batch.Values, encoder.Content.Length, batch.RowCount, sum, encoder.StatsJson);
        return ValueTask.FromResult(new EncodedFile(file, encoder.Content.Detach()));
    }
}
