namespace Ingest.Core.Transfers;

/// <summary>
/// Offsets [From, To) of one topic-partition. Ranges may be joined only when they touch: a gap is a lost
/// record and an overlap a doubled one, so both are an error here, long before they could reach a table.
/// </summary>
public readonly record struct OffsetRange
{
    /// <exception cref="ArgumentOutOfRangeException">From is negative or beyond To.</exception>
    public OffsetRange(long from, long to)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfLessThan(to, from);
        From = from;
        To = to;
    }

    /// <summary>First offset covered.</summary>
    public long From { get; }

    /// <summary>First offset not covered; the offset to resume at.</summary>
    public long To { get; }

    public bool IsEmpty => From == To;

    /// <summary>This range and the one that follows it.</summary>
    /// <exception cref="OffsetsDoNotTouchException">next does not start where this range ends.</exception>
    public OffsetRange Join(OffsetRange next) =>
        next.From == To ? new OffsetRange(From, next.To) : throw new OffsetsDoNotTouchException(this, next);

    public override string ToString() => $"[{From}, {To})";
}

/// <summary>Two offset ranges that should follow each other leave a gap or overlap.</summary>
public sealed class OffsetsDoNotTouchException(OffsetRange first, OffsetRange next)
    : InvalidOperationException($"Offsets {next} do not follow {first}: " + (next.From > first.To
        ? $"{next.From - first.To} offsets are missing between them."
        : $"{first.To - next.From} offsets would be taken twice."));
