using Ingest.Core.Pool.Housekeeping;

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
}
