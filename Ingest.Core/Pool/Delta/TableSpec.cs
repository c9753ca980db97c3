using System.Collections.Immutable;

namespace Ingest.Core.Pool.Delta;

/// <summary>What a table should be, by its contract.</summary>
/// <param name="Name">Name of the dataset.</param>
/// <param name="Description">For people.</param>
/// <param name="SchemaString">Delta schema as JSON.</param>
/// <param name="PartitionColumns">In folder order.</param>
/// <param name="DedupSignature">What a fingerprint is made of; pinned in the table's configuration.</param>
/// <param name="CheckpointInterval">Commits between checkpoints.</param>
public sealed record TableSpec(string Name, string? Description, string SchemaString, ImmutableArray<string> PartitionColumns, string DedupSignature, int CheckpointInterval)
{
    /// <summary>Configuration key of <see cref="DedupSignature"/>.</summary>
    public const string DedupKey = "ingest.dedup";
}
