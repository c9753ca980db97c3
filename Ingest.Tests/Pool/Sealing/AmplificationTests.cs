using Ingest.Core.Pool.Sealing;
using Ingest.Tests.Pool.Sealing.Harness;

namespace Ingest.Tests.Pool.Sealing;

/// <summary>Days of a city in small: how often a row is written while late ones keep coming to days that are sealed.</summary>
public sealed class AmplificationTests : IDisposable
{
    private const int Days = 10, CommitsADay = 24, RowsACommit = 120, LateRows = 40, DaysLate = 3;

    private readonly SealedTable _table = new();

    public void Dispose() => _table.Dispose();

    [Fact]
    public async Task Over_days_with_late_rows_each_row_is_written_fewer_than_four_times()
    {
        var options = new SealingOptions { MergeFiles = 8 };
        var sealer = _table.Sealer(options: options);
        for (var hour = 0; hour < Days * CommitsADay; hour++)
        {
            var today = 20_000 + (hour / CommitsADay);
            await _table.CommitAsync(RowsACommit, today);

            // Every few hours something of an earlier day, which is sealed by then.
            if (hour % 4 == 3) await _table.CommitAsync(LateRows, Math.Max(20_000, today - 1 - (hour / 4 % DaysLate)));
            _table.Time.Advance(TimeSpan.FromMinutes(55));
            while (await sealer.RunOnceAsync(SealScope.Due, default) is not null)
            {
                // Until nothing is due.
            }
        }

        var beside = await WrittenAccount.ReadAsync(_table.Store, null, default);
        await _table.SealAsync(options: options);
        var all = await WrittenAccount.ReadAsync(_table.Store, null, default);

        // Most was merged or sealed while the days went on, not by the last sealing of everything; and late rows have met sealed days.
        Assert.True(beside.Generations.Skip(WrittenAccount.FirstSealed).Sum(g => g.Rows) > all.Live.Rows / 2);
        Assert.True(all.Generations.Count >= WrittenAccount.FirstSealed + 3, $"{all.Generations.Count} generations.");
        Assert.All(all.Generations, g => Assert.True(g.Rows > 0));

        Assert.Equal(all.Generations[WrittenAccount.Ingested].Rows, all.Live.Rows);
        Assert.InRange(all.ByRows, 2, 3);
        Assert.InRange(all.ByLiveBytes, 2, 4);
        Assert.InRange(all.SealedFiles.Max(), 2, 8);
        await _table.AssertRightAsync();
    }
}
