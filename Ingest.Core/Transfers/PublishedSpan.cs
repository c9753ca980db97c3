namespace Ingest.Core.Transfers;

/// <summary>The times at which consecutive transfers of a partition were published, by Kafka's timestamps; those without one are left out.</summary>
/// <param name="FromMs">The earliest, milliseconds since 1970 UTC; 0 when there is none.</param>
/// <param name="UntilMs">The latest; 0 when there is none.</param>
/// <param name="LateMs">How far a time lies before the latest of those in front of it, at most: 0 when times never go back.</param>
public readonly record struct PublishedSpan(long FromMs, long UntilMs, long LateMs)
{
    public static PublishedSpan Of(ReadOnlySpan<Transfer> transfers)
    {
        var (from, until, late) = (0L, 0L, 0L);
        foreach (ref readonly var transfer in transfers)
        {
            var at = transfer.PublishedAtMs;
            if (at <= 0) continue;
            from = from == 0 ? at : Math.Min(from, at);
            late = Math.Max(late, until - at);
            until = Math.Max(until, at);
        }

        return new PublishedSpan(from, until, late);
    }

    /// <summary>These, and those of the transfers behind them.</summary>
    public PublishedSpan Then(PublishedSpan next)
    {
        if (UntilMs == 0) return next;
        if (next.UntilMs == 0) return this;
        return new PublishedSpan(Math.Min(FromMs, next.FromMs), Math.Max(UntilMs, next.UntilMs), Math.Max(Math.Max(LateMs, next.LateMs), UntilMs - next.FromMs));
    }
}
