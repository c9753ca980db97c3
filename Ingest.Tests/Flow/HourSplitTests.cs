using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Flow;

/// <summary>What became of a chunk's records, by the hour of publication: the same sums as the account of the whole.</summary>
public sealed class HourSplitTests
{
    private const long Noon = 1_767_268_800_000, One = Noon + PublishedHour.LengthMs;

    [Fact]
    public void A_chunk_within_one_hour_is_counted_as_a_whole() =>
        Assert.Equal([new PublishedHour(Noon, 3, 2, 1, 1)], Split([Noon, Noon + 1, One - 1], fromOffset: 0));

    [Fact]
    public void A_chunk_across_hours_is_divided_by_its_rows() =>
        Assert.Equal([new PublishedHour(Noon, 2, 1, 1, 0), new PublishedHour(One, 1, 1, 0, 1)], Split([Noon, One - 1, One], fromOffset: 0));

    [Fact]
    public void Transfers_without_a_time_are_counted_apart() =>
        Assert.Equal([new PublishedHour(0, 1, 0, 1, 0), new PublishedHour(Noon, 2, 2, 0, 1)], Split([Noon, 0, Noon], fromOffset: 0).OrderBy(h => h.StartMs));

    [Fact]
    public void What_the_table_has_already_is_not_counted_again() =>
        Assert.Equal([new PublishedHour(Noon, 1, 1, 0, 1)], Split([Noon, Noon, Noon], fromOffset: 12));

    [Fact]
    public void Hours_that_come_in_any_order_are_kept_in_order_and_each_once()
    {
        var random = new Random(1);
        List<PublishedHour> hours = [];
        var counts = new SortedDictionary<long, long>();
        for (var i = 0; i < 5_000; i++)
        {
            var start = Noon + (random.Next(-400, 400) * PublishedHour.LengthMs);
            PublishedHour.Add(hours, new PublishedHour(start, 1, i, 0, 0));
            counts[start] = counts.GetValueOrDefault(start) + i;
        }

        Assert.Equal(counts.Select(c => (c.Key, c.Value)), hours.Select(h => (h.StartMs, h.Written)));
        Assert.Equal(5_000, hours.Sum(h => h.Transfers));
    }

    /// <summary>Three transfers at offsets 10 to 12: a new row, a duplicate, and in the third a new row and a refused one.</summary>
    private static List<PublishedHour> Split(long[] times, long fromOffset)
    {
        var transfers = times.Select((t, i) => new Transfer(10 + i, t, 0, 0)).ToArray();
        new ByteBudget(1).TryLease(0, out var lease);
        var chunk = new TransferChunk(new CommitRight(new TopicPartition("t", 0), 10), new OffsetRange(10, 13), [], transfers, 3, lease);
        var records = new NormalizedRecords(QuarantineDataset.Plan);
        records.SetCount(4);
        for (var i = 0; i < 4; i++) records.Transfer[i] = Math.Min(i, 2);
        records.Refused[3] = 1;
        for (var i = 0; i < 3; i++) records.Refused[i] = (byte)(10 + i < fromOffset ? 1 : 0);
        var selection = new Selection();
        selection.Clear(4);
        foreach (var row in new[] { 0, 2 }.Where(r => records.Refused[r] == 0)) selection.Rows[selection.Count++] = row;
        selection.Duplicates = records.Refused[1] == 0 ? 1 : 0;
        Rejection[] rejections = [new(2, 1, ReasonCode.TypeMismatch, 0, 0, 0, 0, null), new(1, 0, ReasonCode.TypeMismatch, 1, 0, 0, 0, null)];
        return new HourSplit().Of(chunk, PublishedSpan.Of(transfers), records, selection, rejections, 0, fromOffset, new TakenCounts(selection.Count, selection.Duplicates, 1));
    }
}
