using Ingest.Core.Batching;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool.Parquet;

namespace Ingest.Core.Pool;

/// <summary>The sixth state of the data: a batch whose files are durable in the store but which no log entry names yet.</summary>
/// <param name="Batch">Kept until the commit is decided: rows that a rival committed first must be taken out and the files written anew.</param>
/// <param name="Files">Data files, one or more a table partition.</param>
/// <param name="Run">Index run with the fingerprints of exactly these rows; null when there are no rows.</param>
public sealed record WrittenFiles(SealedBatch Batch, IReadOnlyList<DataFile> Files, RunDescriptor? Run);
