using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Pool.Parquet;

/// <summary>
/// How rows become the bytes of a data file and are read back: as Parquet, except in simulations of very many histories, where encoding would be
/// nearly all the work and is tested elsewhere.
/// </summary>
public sealed record DataFileFormat(EncodeDataFile EncodeAsync, ReadDataFile ReadAsync, WriteDataFile WriteAsync)
{
    private static readonly DataFileWriter s_writer = new();

    public static DataFileFormat Parquet { get; } = new(s_writer.EncodeAsync, ReadParquetAsync, WriteParquetAsync);

    private static async IAsyncEnumerable<NormalizedRecords> ReadParquetAsync(
        Stream content, DatasetPlan plan, IReadOnlyDictionary<string, string?> partitionValues, NormalizedRecords into,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var reader = await DataFileReader.OpenAsync(content, plan, partitionValues, cancellation);
        for (var group = 0; group < reader.RowGroups; group++)
        {
            await reader.AppendAsync(group, into, cancellation);
            yield return into;
        }
    }

    private static async ValueTask<string> WriteParquetAsync(
        StoredTable table, Stream content, NormalizedRecords records, ReadOnlyMemory<int> rows, int groupRows, long groupBytesMax, Func<ValueTask> pace, CancellationToken cancellation)
    {
        using var writer = SortedFileWriter.Create(table, content, groupRows, groupBytesMax);
        for (; rows.Length > 0; await pace())
        {
            var count = Math.Min(rows.Length, groupRows);
            await writer.AppendAsync(records, rows[..count], cancellation);
            rows = rows[count..];
        }

        return (await writer.CompleteAsync(cancellation)).StatsJson;
    }
}

/// <summary>Encodes a partition's rows as one file, named by an id that nobody else uses. Thread-safe.</summary>
public delegate ValueTask<EncodedFile> EncodeDataFile(DatasetPlan plan, PartitionBatch batch, Guid id, CancellationToken cancellation);

/// <summary>Adds a file's rows to the records, a portion at a time; the object is the same each time, and is the caller's to clear between portions.</summary>
public delegate IAsyncEnumerable<NormalizedRecords> ReadDataFile(
    Stream content, DatasetPlan plan, IReadOnlyDictionary<string, string?> partitionValues, NormalizedRecords into, CancellationToken cancellation);

/// <summary>Writes rows in the given order; returns the file's statistics. Waits for <paramref name="pace"/> after each row group.</summary>
public delegate ValueTask<string> WriteDataFile(
    StoredTable table, Stream content, NormalizedRecords records, ReadOnlyMemory<int> rows, int groupRows, long groupBytesMax, Func<ValueTask> pace, CancellationToken cancellation);
