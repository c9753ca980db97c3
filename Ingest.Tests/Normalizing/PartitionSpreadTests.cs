using System.Text;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;
using Ingest.Tests.EndToEnd;

namespace Ingest.Tests.Normalizing;

/// <summary>One transfer does not open more partitions than a worker has room for, whatever its dates are.</summary>
public sealed class PartitionSpreadTests
{
    private const string ByKind = """
        dataset: payments
        topics: [{ topic: housing.payments, department: housing }]
        format: json
        time_zone: Asia/Shanghai
        partition: [department, kind]
        columns:
          - { name: kind, type: string }
        """;

    [Fact]
    public void Rows_beyond_the_partitions_that_a_transfer_may_touch_are_refused_and_those_of_its_neighbours_are_not()
    {
        const int days = PartitionSpread.PerTransferMax + 100;
        var (rows, spread, faults) = Rows(City.Contract, 40_000);
        for (var row = 0; row < 20_000; row++) Date(rows, row, transfer: 0, row % days);
        for (var row = 20_000; row < 40_000; row++) Date(rows, row, transfer: 1, row % 7 * 10_000);
        faults.Refuse(3, 0, ReasonCode.MissingRequired);
        spread.Limit(rows, faults);

        // The third day has a row that was refused before it counted: the first day beyond has its place, and the day itself comes too late the second time.
        int[] expected = [.. Enumerable.Range(PartitionSpread.PerTransferMax + 1, 99), days + 3];
        Assert.Equal(expected, Enumerable.Range(0, 40_000).Where(r => faults.Reason(r) == ReasonCode.TooManyPartitions));
        Assert.Equal(ReasonCode.MissingRequired, faults.Reason(3));
    }

    [Theory]
    [InlineData(100, 1, 1)]
    [InlineData(100, 5, 5)]
    [InlineData(3, 1_000_000, 3)]
    public void Dates_tell_how_many_partitions_a_chunk_touches_at_most(int count, int days, int atMost)
    {
        var (rows, spread, faults) = Rows(City.Contract, count);
        for (var row = 0; row < count; row++) Date(rows, row, transfer: row, row % days);
        if (days == 1_000_000) Date(rows, 1, 1, days);
        spread.Limit(rows, faults);
        Assert.Equal(atMost, rows.PartitionsAtMost);

        rows.EventDate.Valid[0] = 0;
        spread.Limit(rows, faults);
        Assert.Equal(Math.Min(count, atMost + 1), rows.PartitionsAtMost);
    }

    [Theory]
    [InlineData(3, 3)]
    [InlineData(300, 1000)]
    public void Few_values_of_another_column_are_counted(int kinds, int atMost)
    {
        var (rows, spread, faults) = Rows(ByKind, 1000);
        for (var row = 0; row < 1000; row++) ((BytesVector)rows.Columns[0]).Append(Encoding.UTF8.GetBytes($"k{row % kinds}"));
        spread.Limit(rows, faults);
        Assert.Equal(atMost, rows.PartitionsAtMost);
        rows.Clear();
        Assert.Equal(0, rows.PartitionsAtMost);
    }

    [Fact]
    public void Values_of_other_columns_count_as_well()
    {
        var (rows, spread, faults) = Rows(ByKind, 16_500);
        for (var row = 0; row < 16_500; row++) ((BytesVector)rows.Columns[0]).Append(Encoding.UTF8.GetBytes($"k{row / 2}"));
        spread.Limit(rows, faults);
        Assert.Equal(16_500, rows.PartitionsAtMost);
        Assert.False(faults.Any);

        (rows, spread, faults) = Rows(ByKind, 16_500);
        for (var row = 0; row < 16_500; row++) ((BytesVector)rows.Columns[0]).Append(Encoding.UTF8.GetBytes($"k{row}"));
        spread.Limit(rows, faults);
        Assert.Equal(16_500 - PartitionSpread.PerTransferMax, Enumerable.Range(0, 16_500).Count(r => faults.Reason(r) == ReasonCode.TooManyPartitions));
    }

    private static (NormalizedRecords Rows, PartitionSpread Spread, RowFaults Faults) Rows(string contract, int count)
    {
        var plan = City.Load(contract).Datasets[0];
        var rows = new NormalizedRecords(plan);
        rows.SetCount(count);
        rows.EventDate.Reserve(count);
        var faults = new RowFaults();
        faults.Reset(count);
        return (rows, new PartitionSpread(plan), faults);
    }

    private static void Date(NormalizedRecords rows, int row, int transfer, int day)
    {
        rows.Transfer[row] = transfer;
        rows.EventDate.Values[row] = day;
        rows.EventDate.Valid[row] = 1;
    }
}
