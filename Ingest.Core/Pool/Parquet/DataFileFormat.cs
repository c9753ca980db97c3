using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Pool.Parquet;

/// <summary>
/// How rows become the bytes of a data file and are read back: as Parquet, except in simulations of very many histories, where encoding would be
/// nearly all the work and is tested elsewhere.
/// </summary>
public sealed record DataFileFormat(EncodeDataFile EncodeAsync, ReadDataFile ReadAsync)
{
    private static readonly DataFileWriter s_writer = new();

    public static DataFileFormat Parquet { get; } = new(s_writer.EncodeAsync, ReadParquetAsync);

    private static async IAsyncEnumerable<NormalizedRecords> ReadParquetAsync(
        Stream content, DatasetPlan plan, IReadOnlyDictionary<string, string?> partitionValues, NormalizedRecords into,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var reader = await DataFileReader.OpenAsync(content, plan, partitionValues, cancellation);
        for (var group = 0; group < reader.RowGroups; group++)
        {
            await reader.ReadAsync(group, into, cancellation);
            yield return into;
        }
    }
}

/// <summary>Encodes a partition's rows as one file, named by an id that nobody else uses. Thread-safe.</summary>
public delegate ValueTask<EncodedFile> EncodeDataFile(DatasetPlan plan, PartitionBatch batch, Guid id, CancellationToken cancellation);

/// <summary>Fills the records with a file's rows, a portion at a time; the object is the same each time.</summary>
public delegate IAsyncEnumerable<NormalizedRecords> ReadDataFile(
    Stream content, DatasetPlan plan, IReadOnlyDictionary<string, string?> partitionValues, NormalizedRecords into, CancellationToken cancellation);
