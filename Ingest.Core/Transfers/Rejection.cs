namespace Ingest.Core.Transfers;

/// <summary>A refused record, or a whole refused transfer: where it lies and why. Its bytes are still in the chunk's buffer.</summary>
/// <param name="Transfer">Index of the transfer in the chunk.</param>
/// <param name="Position">Zero-based position of the record in the transfer; -1 when the whole transfer is refused.</param>
/// <param name="Reason">Why.</param>
/// <param name="Dataset">Ordinal of the dataset in the topic's plan; -1 when the record could not be attributed to one.</param>
/// <param name="Column">Ordinal of the column at fault; -1 when none is.</param>
/// <param name="Start">First byte of the refused bytes in the chunk's buffer.</param>
/// <param name="Length">Number of refused bytes.</param>
/// <param name="Detail">What was found, for the reader of the quarantine table; short, never the whole value.</param>
public readonly record struct Rejection(
    int Transfer, int Position, ReasonCode Reason, int Dataset, int Column, int Start, int Length, string? Detail);
