using Apache.Arrow;
using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Core.Batching;

/// <summary>Rows of a batch that turned out to be duplicates of rivals' rows, by account and by the hour in which they were published.</summary>
internal sealed class TakenRows(int ranges)
{
    private readonly Dictionary<long, long>[] _byHour = [.. Enumerable.Range(0, ranges).Select(_ => new Dictionary<long, long>())];

    public void Add(PartitionBatch partition, int row)
    {
        var publishedAt = (TimestampArray)partition.Batch.Column(SystemColumns.PublishedAt);
        var hour = PublishedHour.StartOf((publishedAt.GetValue(row) ?? 0) / 1000);
        var hours = _byHour[partition.Ranges[row]];
        hours[hour] = hours.GetValueOrDefault(hour) + 1;
    }

    /// <summary>The account with these rows counted as duplicates.</summary>
    public RangeAccount Without(RangeAccount account, int range)
    {
        var hours = _byHour[range];
        var taken = hours.Values.Sum();
        return account with
        {
            Written = account.Written - taken,
            Duplicates = account.Duplicates + taken,
            Hours = [.. account.Hours.Select(h => hours.TryGetValue(h.StartMs, out var n) ? h with { Written = h.Written - n, Duplicates = h.Duplicates + n } : h)],
        };
    }
}
