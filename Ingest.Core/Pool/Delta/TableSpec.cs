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
    /// <summary>Commits between checkpoints unless an operator says otherwise; few in Debug, so that ordinary tests cross them.</summary>
#if DEBUG
    public const int CheckpointIntervalDefault = 3;
#else
    public const int CheckpointIntervalDefault = 100;
#endif

    /// <summary>Configuration key of <see cref="DedupSignature"/>.</summary>
    public const string DedupKey = "ingest.dedup";
}
