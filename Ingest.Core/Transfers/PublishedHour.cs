namespace Ingest.Core.Transfers;

/// <summary>What became of the records of the transfers that were published within one hour.</summary>
/// <param name="StartMs">Start of the hour, milliseconds since 1970 UTC; 0 for transfers without a time.</param>
/// <param name="Transfers">Transfers that the table went through, with or without records of its own.</param>
public readonly record struct PublishedHour(long StartMs, long Transfers, long Written, long Duplicates, long Quarantined)
{
    public const long LengthMs = 3_600_000;

    public static long StartOf(long publishedAtMs) => publishedAtMs <= 0 ? 0 : publishedAtMs - (publishedAtMs % LengthMs);

    /// <summary>Adds an hour to those of an account.</summary>
    public static void Add(List<PublishedHour> hours, in PublishedHour more)
    {
        for (var i = hours.Count - 1; i >= 0; i--)
        {
            if (hours[i].StartMs != more.StartMs) continue;
            hours[i] = hours[i] + more;
            return;
        }

        hours.Add(more);
    }

    public static PublishedHour operator +(PublishedHour a, PublishedHour b) =>
        new(a.StartMs, a.Transfers + b.Transfers, a.Written + b.Written, a.Duplicates + b.Duplicates, a.Quarantined + b.Quarantined);
}
