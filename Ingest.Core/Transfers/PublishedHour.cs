namespace Ingest.Core.Transfers;

/// <summary>What became of the records of the transfers that were published within one hour.</summary>
/// <param name="StartMs">Start of the hour, milliseconds since 1970 UTC; 0 for transfers without a time.</param>
/// <param name="Transfers">Transfers that the table went through, with or without records of its own.</param>
public readonly record struct PublishedHour(long StartMs, long Transfers, long Written, long Duplicates, long Quarantined)
{
    public const long LengthMs = 3_600_000;

    public static long StartOf(long publishedAtMs) => publishedAtMs <= 0 ? 0 : publishedAtMs - (publishedAtMs % LengthMs);

    /// <summary>Adds an hour to those of an account, which are in order: mostly it is the last one. Years that are sent again in any order are a hundred thousand of them.</summary>
    public static void Add(List<PublishedHour> hours, in PublishedHour more)
    {
        var (from, to) = (0, hours.Count);
        if (to > 0 && hours[to - 1].StartMs <= more.StartMs) from = hours[to - 1].StartMs == more.StartMs ? to - 1 : to;
        while (from < to)
        {
            var middle = (from + to) / 2;
            if (hours[middle].StartMs < more.StartMs) from = middle + 1;
            else to = middle;
        }

        if (from < hours.Count && hours[from].StartMs == more.StartMs) hours[from] += more;
        else hours.Insert(from, more);
    }

    public static PublishedHour operator +(PublishedHour a, PublishedHour b) =>
        new(a.StartMs, a.Transfers + b.Transfers, a.Written + b.Written, a.Duplicates + b.Duplicates, a.Quarantined + b.Quarantined);
}
