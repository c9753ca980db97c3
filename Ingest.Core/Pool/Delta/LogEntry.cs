namespace Ingest.Core.Pool.Delta;

/// <summary>One version of a table as its log holds it.</summary>
/// <param name="Hash">XXH128 of the entry's bytes: by it one sees later that it still is the same entry.</param>
internal sealed record LogEntry(long Version, IReadOnlyList<LogAction> Actions, UInt128 Hash)
{
    /// <summary>The id of the transaction that put it; null when its writer gave none.</summary>
    public string? TransactionId => Actions.OfType<LogAction.Info>().FirstOrDefault()?.Content.TransactionId;
}
