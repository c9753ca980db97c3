namespace Ingest.Core.Transfers;

/// <summary>One Kafka message: where its bytes lie in the chunk's buffer, and when it was published.</summary>
/// <param name="Offset">Kafka offset.</param>
/// <param name="PublishedAtMs">Kafka timestamp, milliseconds since 1970 UTC; 0 when the broker gave none.</param>
/// <param name="Start">First byte in <see cref="TransferChunk.Buffer"/>.</param>
/// <param name="Length">Bytes; 0 for a message without value.</param>
public readonly record struct Transfer(long Offset, long PublishedAtMs, int Start, int Length)
{
    /// <summary>The end of the year 9999: beyond it there is no date.</summary>
    public const long PublishedAtMsMax = 253_402_300_799_999;
}
