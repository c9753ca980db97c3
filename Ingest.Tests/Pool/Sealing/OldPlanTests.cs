using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Housekeeping;
using Ingest.Core.Pool.Sealing;

namespace Ingest.Tests.Pool.Sealing;

/// <summary>A plan that is older than the log, and is still the newest: what it did must not be undone by whoever does not know any more that it was done.</summary>
public sealed class OldPlanTests : IDisposable
{
    private static readonly TimeSpan s_month = TimeSpan.FromDays(30);

    private readonly SealedTable _table = new();

    public void Dispose() => _table.Dispose();

    /// <summary>One file of two partitions is damaged. The other partition is sealed, and stays so when the log has forgotten it and the worker starts anew.</summary>
    [Fact]
    public async Task What_it_sealed_stays_though_another_of_its_files_is_damaged_and_the_log_was_cleaned()
    {
        await _table.CommitAsync(5, 20_000);
        await _table.CommitAsync(7, 20_001);
        var damaged = (await _table.LiveAsync()).Single(f => f.Contains("event_date=2024-10-04", StringComparison.Ordinal));
        var whole = (await _table.Store.ReadAsync(damaged, default))!;
        await _table.Store.ReplaceAsync(damaged, new byte[whole.Length], default);
        Assert.Equal(1, Assert.Single(await _table.SealAsync()).Sealed);

        // A month and more later only the checkpoint tells which files there are.
        await _table.CommitAsync(3, 20_002);
        await _table.Table.WriteCheckpointAsync(_table.Table.Current.Version, default);
        _table.Time.Advance(s_month + s_month);
        Assert.Equal(4, (await LogCleanup.RunAsync(_table.Store, s_month, _table.Time.GetUtcNow(), _table.WorkFolder, default)).Entries);
        Assert.Equal(1, Assert.Single(await _table.SealAsync()).Sealed);

        await _table.Store.ReplaceAsync(damaged, whole, default);
        await _table.AssertRightAsync();
    }

    /// <summary>
    /// A sealer slept before its entry's put for so long that the log was cleaned meanwhile, the slot with it. What it puts there is no part of the log, and must not count as proof that the
    /// plan was carried out: the next plan would take the same rows under another name.
    /// </summary>
    [Fact]
    public async Task An_entry_put_where_the_log_was_cleaned_is_no_proof_that_the_plan_was_carried_out()
    {
        await _table.CommitAsync(5);
        await _table.CommitAsync(5);
        var slept = false;
        var racing = new RacingStore(_table.Store)
        {
            BeforeCreate = async name =>
            {
                if (slept || !name.StartsWith(LogNames.Folder, StringComparison.Ordinal)) return;
                slept = true;
                await CleanLogAsync(3);
            },
        };
        var report = await _table.Sealer(racing).RunOnceAsync(SealScope.All, default);
        Assert.True(slept);
        Assert.Equal(2, report?.Inputs);
        await _table.SealAsync();
        Assert.Equal(2, (await _table.GlobAsync()).Count);
        await _table.AssertRightAsync();
    }

    /// <summary>
    /// The same slot, taken again by somebody else's entry: what the plan did must not be undone because nothing in the log tells of it any more.
    /// </summary>
    [Fact]
    public async Task An_entry_put_where_the_plans_was_cleaned_away_is_no_proof_that_it_was_not_carried_out()
    {
        await _table.CommitAsync(5);
        await _table.CommitAsync(5);
        var tip = await LogReader.LoadAsync(_table.Store, default);
        var report = Assert.Single(await _table.SealAsync());
        Assert.Equal(tip!.Version + 1, report.Version);
        var late = (await _table.Store.ReadAsync(LogNames.Entry(tip.Version), default))!;
        await CleanLogAsync(report.Version);
        await _table.Store.CreateAsync(LogNames.Entry(report.Version), late, default);

        await _table.SealAsync();
        Assert.Contains(await _table.LiveAsync(), f => f.StartsWith("department=", StringComparison.Ordinal));
        await _table.AssertRightAsync();
    }

    /// <summary>Two months pass, in which rows come, and the log begins later than an entry.</summary>
    private async Task CleanLogAsync(long entry)
    {
        while (_table.Table.Current.Version <= entry) await _table.CommitAsync(5);
        await _table.Table.WriteCheckpointAsync(_table.Table.Current.Version, default);
        _table.Time.Advance(s_month + s_month);
        await LogCleanup.RunAsync(_table.Store, s_month, _table.Time.GetUtcNow(), _table.WorkFolder, default);
        Assert.Null(await _table.Store.SizeAsync(LogNames.Entry(entry), default));
    }
}
