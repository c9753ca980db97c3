namespace Ingest.Core.Batching;

/// <summary>Why a batch is sealed.</summary>
public enum FlushReason
{
    /// <summary>It is not.</summary>
    None,

    Age,
    Bytes,
    Rows,
    Partitions,

    /// <summary>Memory is short: what is open must leave before more can come in.</summary>
    Pressure,
}

/// <summary>Says whether a batch is due. Knows no clock: the age is given.</summary>
public sealed class FlushRule(BatchingOptions options)
{
    /// <param name="behind">Much more is waiting to be read than the batch holds.</param>
    public FlushReason Decide(TimeSpan age, long bytes, int rows, int partitions, bool pressed, bool behind)
    {
        if (bytes >= options.FlushBytes) return FlushReason.Bytes;
        if (rows >= options.FlushRows) return FlushReason.Rows;
        if (partitions >= options.PartitionsMax) return FlushReason.Partitions;
        if (age >= (behind ? options.FlushAfterBehind : options.FlushAfter)) return FlushReason.Age;
        return pressed && rows > 0 ? FlushReason.Pressure : FlushReason.None;
    }
}
