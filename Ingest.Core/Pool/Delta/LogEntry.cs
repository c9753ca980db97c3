namespace Ingest.Core.Pool.Delta;

/// <summary>One version of a table as its log holds it.</summary>
/// <param name="Bytes">Size of the entry's object: a cheap way to see later that it still is the same one.</param>
internal sealed record LogEntry(long Version, IReadOnlyList<LogAction> Actions, long Bytes)
{
    /// <summary>The id of the transaction that put it; null when its writer gave none.</summary>
    public string? TransactionId => Actions.OfType<LogAction.Info>().FirstOrDefault()?.Content.TransactionId;
}
