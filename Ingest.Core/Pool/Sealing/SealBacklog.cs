namespace Ingest.Core.Pool.Sealing;

/// <summary>What of a table is not sealed yet. Immutable.</summary>
/// <param name="Files">All files that are not sealed.</param>
/// <param name="Refused">Those of them that cannot be merged, for they are damaged.</param>
/// <param name="DueSince">When that became due which has been due longest; null when nothing is due.</param>
/// <param name="Version">The table's version.</param>
public sealed record SealBacklog(int Files, long Bytes, int Refused, DateTimeOffset? DueSince, long Version);
