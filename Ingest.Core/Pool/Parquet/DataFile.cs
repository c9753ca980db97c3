using System.Collections.Immutable;

namespace Ingest.Core.Pool.Parquet;

/// <summary>A Parquet file of a table, durable in the store, as an <c>add</c> action needs it.</summary>
/// <param name="Path">Physical path relative to the table, '/'-separated, directory names already Hive-escaped, not yet URI-encoded.</param>
/// <param name="PartitionValues">In the order of the table's partition columns; null for null.</param>
/// <param name="Bytes">Exact size.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="KeySum">Sum of the rows' fingerprints modulo 2^128.</param>
/// <param name="StatsJson">Delta statistics (numRecords, minValues, maxValues, nullCount).</param>
public sealed record DataFile(string Path, ImmutableArray<string?> PartitionValues, long Bytes, long Rows, UInt128 KeySum, string StatsJson);
