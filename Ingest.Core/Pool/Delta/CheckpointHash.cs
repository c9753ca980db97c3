namespace Ingest.Core.Pool.Delta;

/// <summary>
/// By what a checkpoint is known to be undamaged: Parquet files as we write them have no checksums, and a changed byte may read as another path.
/// </summary>
/// <param name="Bytes">XXH128 of the file.</param>
/// <param name="Actions">XXH128 of its actions (<see cref="ActionsHash"/>): the same whoever encodes them.</param>
internal sealed record CheckpointHash(UInt128 Bytes, UInt128 Actions);
