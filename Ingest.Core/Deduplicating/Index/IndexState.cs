namespace Ingest.Core.Deduplicating.Index;

/// <summary>The whole index of a table at one version of its log.</summary>
/// <param name="Runs">All valid runs, in any order.</param>
/// <param name="TotalKeys">Fingerprints in them; equals the rows of the table.</param>
/// <param name="TotalSum">Their sum modulo 2^128.</param>
public sealed record IndexState(IReadOnlyList<RunDescriptor> Runs, long TotalKeys, UInt128 TotalSum)
{
    /// <summary>The index of a table without rows.</summary>
    public static IndexState Empty { get; } = new([], 0, 0);
}
