using Ingest.Core.Deduplicating;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// Divides what became of a chunk's records by the hour in which their transfers were published. Nearly every chunk lies within one hour, and costs nothing
/// here. Owned by one thread; reused.
/// </summary>
internal sealed class HourSplit
{
    private readonly List<PublishedHour> _hours = [];

    /// <summary>The hours of the chunk's transfers from an offset on. The list is good until the next call.</summary>
    public List<PublishedHour> Of(TransferChunk chunk, PublishedSpan span, NormalizedRecords records, Selection selection, IReadOnlyList<Rejection> rejections, int dataset, long fromOffset, TakenCounts counts)
    {
        _hours.Clear();
        var transfers = chunk.Transfers;
        if (transfers.IsEmpty) return _hours;
        if (fromOffset <= transfers[0].Offset && span.FromMs > 0 && PublishedHour.StartOf(span.FromMs) == PublishedHour.StartOf(span.UntilMs) && !AnyWithoutTime(transfers))
        {
            _hours.Add(new PublishedHour(PublishedHour.StartOf(span.FromMs), transfers.Length, counts.Written, counts.Duplicates, counts.Quarantined));
            return _hours;
        }

        foreach (ref readonly var transfer in transfers)
        {
            if (transfer.Offset >= fromOffset) PublishedHour.Add(_hours, new PublishedHour(PublishedHour.StartOf(transfer.PublishedAtMs), 1, 0, 0, 0));
        }

        // Each row that was not refused before counts as a duplicate first, and as what it is after that.
        for (var row = 0; row < records.Count; row++)
        {
            if (records.Refused[row] == 0) Add(transfers[records.Transfer[row]], 0, 1, 0);
        }

        foreach (var row in selection.Rows.AsSpan(0, selection.Count)) Add(transfers[records.Transfer[row]], 1, -1, 0);
        foreach (var row in selection.Conflicts) Add(transfers[records.Transfer[row]], 0, -1, 1);
        foreach (var rejection in rejections)
        {
            if (rejection.Dataset == dataset && transfers[rejection.Transfer].Offset >= fromOffset) Add(transfers[rejection.Transfer], 0, 0, 1);
        }

        return _hours;
    }

    private void Add(in Transfer transfer, long written, long duplicates, long quarantined) =>
        PublishedHour.Add(_hours, new PublishedHour(PublishedHour.StartOf(transfer.PublishedAtMs), 0, written, duplicates, quarantined));

    private static bool AnyWithoutTime(ReadOnlySpan<Transfer> transfers)
    {
        foreach (ref readonly var transfer in transfers)
        {
            if (transfer.PublishedAtMs <= 0) return true;
        }

        return false;
    }
}
