namespace Ingest.Core.Pool.Sealing;

/// <summary>When something is due of a partition's recent files, as long as none comes or goes.</summary>
/// <param name="Seal">When they are to be sealed.</param>
/// <param name="Merge">When there were enough small ones to be merged; null when there are too few.</param>
internal sealed record FolderDue(DateTimeOffset Seal, DateTimeOffset? Merge)
{
    public DateTimeOffset First => Merge is { } merge && merge < Seal ? merge : Seal;
}
