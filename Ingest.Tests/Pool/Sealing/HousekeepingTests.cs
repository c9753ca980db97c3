using System.Runtime.CompilerServices;
using Ingest.Core;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Housekeeping;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;
using Ingest.Tests.Stores;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Pool.Sealing;

/// <summary>What is deleted, and what never is.</summary>
public sealed class HousekeepingTests : IDisposable
{
    private static readonly TimeSpan s_week = TimeSpan.FromDays(7), s_month = TimeSpan.FromDays(30);

    private readonly SealedTable _table = new();

    public void Dispose() => _table.Dispose();

    [Fact]
    public async Task Replaced_files_stay_for_a_week_and_then_go()
    {
        for (var i = 0; i < 4; i++) await _table.CommitAsync(5);
        await _table.SealAsync();
        _table.Time.Advance(TimeSpan.FromDays(6));
        Assert.Equal(0, (await VacuumAsync()).Files);
        _table.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal((4L, 0L), await VacuumAsync() is var gone ? (gone.Files, gone.Orphans) : default);
        Assert.Equal(await _table.LiveAsync(), await DataAsync());
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task A_dry_run_deletes_nothing()
    {
        for (var i = 0; i < 4; i++) await _table.CommitAsync(5);
        await _table.SealAsync();
        _table.Time.Advance(TimeSpan.FromDays(8));
        var objects = ((MemoryStore)_table.Store).Count;
        List<string> shown = [];
        var result = await Vacuum.RunAsync(_table.Store, s_week, delete: false, IdSource.System, _table.Time, _table.WorkFolder, (file, _) => shown.Add(file.Name), default);
        Assert.Equal((4, 4), ((int)result.Files, shown.Count));
        Assert.Equal(objects, ((MemoryStore)_table.Store).Count);
    }

    [Fact]
    public async Task Every_version_of_the_last_week_can_be_read_after_a_vacuum()
    {
        var deleted = 0L;
        List<(DateTimeOffset At, long Version)> versions = [];
        for (var day = 0; day < 20; day++)
        {
            await _table.CommitAsync(3, 20_000 + (day % 2));
            if (day % 3 == 2) await _table.SealAsync();
            versions.Add((_table.Time.GetUtcNow(), (await _table.Table.RefreshAsync(default)).Version));
            _table.Time.Advance(TimeSpan.FromDays(1));
            deleted += (await VacuumAsync()).Files;
            foreach (var (_, version) in versions.Where((v, i) => i == versions.Count - 1 || versions[i + 1].At > _table.Time.GetUtcNow() - s_week))
                await _table.RowsAsync((await LogReader.LiveFilesAsync(_table.Store, version, default)).Keys);
        }

        await _table.AssertRightAsync();
        Assert.InRange(deleted, 8, 20);
    }

    /// <summary>What was created and committed meanwhile is old by then, and no entry that was read names it.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("_index/")]
    public async Task A_vacuum_that_sleeps_for_days_between_the_log_and_a_list_takes_nothing_that_came_meanwhile(string list)
    {
        await _table.CommitAsync(5);
        var sleeping = new SleepingStore(_table.Store, list, async () =>
        {
            await _table.CommitAsync(5);
            _table.Time.Advance(TimeSpan.FromDays(8));
        });
        var gone = await Vacuum.RunAsync(sleeping, s_week, delete: true, IdSource.System, _table.Time, _table.WorkFolder, null, default);
        Assert.Equal((0L, 0), (gone.Files, gone.IndexObjects));
        await _table.AssertRightAsync();
        foreach (var run in (await _table.Table.RefreshAsync(default)).Index.Runs) Assert.NotNull(await _table.Store.SizeAsync("_index/" + run.Name, default));
    }

    /// <summary>Its put was decided, and it was stopped before the store had it; nobody else has committed since, so the slot is free.</summary>
    [Fact]
    public async Task A_commit_that_was_stopped_for_days_before_its_put_does_not_name_files_that_vacuum_has_deleted()
    {
        await _table.CommitAsync(5);
        var file = TableLayout.NewFile("department=police/event_date=2024-10-04/", Guid.Empty);
        await _table.Store.CreateAsync(file, new byte[10], default);
        var (run, bytes) = RunWriter.Encode("sleeper.run", [1], []);
        await _table.Store.CreateAsync(IndexNames.Run(run.Name), bytes, default);
        var (stopped, wake) = (new TaskCompletionSource(), new TaskCompletionSource());
        var racing = new RacingStore(_table.Store);
        racing.BeforeCreate = async name =>
        {
            if (!LogNames.TryParseEntry(name, out _)) return;
            stopped.TrySetResult();
            await wake.Task;
        };
        var sleeper = (await DeltaTable.OpenAsync(racing, "cars", new SeededIdSource(5), _table.Time, default))!;
        var commit = sleeper.CommitAsync(new CommitRequest
        {
            TransactionId = Guid.NewGuid(),
            Files = [new DataFile(file, ["police", "2024-10-04"], 10, 1, 1, "{}")],
            Ranges = [],
            Run = run,
            DeduplicatedAt = sleeper.Current.Version,
            ContractHash = "",
            FilesSince = Since.Now(_table.Time),
        }, _ => "test/0", default).AsTask();
        Assert.Same(stopped.Task, await Task.WhenAny(stopped.Task, commit));
        _table.Time.Advance(TimeSpan.FromDays(8));
        Assert.Equal((1L, 1L, 1), await VacuumAsync() is var gone ? (gone.Files, gone.Orphans, gone.IndexObjects) : default);
        wake.SetResult();
        Assert.Contains("waiting for more than 2 days", Assert.IsType<CommitOutcome.Fenced>(await commit).Why, StringComparison.Ordinal);
        Assert.DoesNotContain(file, await _table.LiveAsync());
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task A_name_that_was_to_stay_taken_and_was_committed_all_the_same_is_like_any_other()
    {
        await _table.CommitAsync(5);
        await _table.SealAsync();
        var file = Assert.Single(await _table.GlobAsync());
        await _table.CommitAsync(5);
        await _table.SealAsync();
        await _table.Store.ReplaceAsync(SealPlan.Taken + file, new byte[1], default);

        // Another engine takes its rows away.
        var tip = (await _table.Table.RefreshAsync(default)).Version;
        await _table.Store.CreateAsync(LogNames.Entry(tip + 1), LogJson.Write([new LogAction.Remove(file, 1, true, null, null)]), default);
        _table.Time.Advance(TimeSpan.FromDays(8));
        await VacuumAsync();
        Assert.Null(await _table.Store.SizeAsync(file, default));
    }

    [Fact]
    public async Task Vacuum_takes_a_slot_of_the_log_only_when_something_goes()
    {
        await _table.CommitAsync(5);
        _table.Time.Advance(TimeSpan.FromDays(8));
        await VacuumAsync();
        Assert.Equal(1, (await _table.Table.RefreshAsync(default)).Version);
        await _table.Store.CreateAsync("_index/orphan.run", new byte[10], default);
        _table.Time.Advance(TimeSpan.FromDays(8));
        Assert.Equal(1, (await VacuumAsync()).IndexObjects);
        Assert.Equal(2, (await _table.Table.RefreshAsync(default)).Version);
        Assert.Equal(0, (await VacuumAsync()).IndexObjects);
        Assert.Equal(2, (await _table.Table.RefreshAsync(default)).Version);
        await _table.AssertRightAsync();
    }

    /// <summary>Its deletion vectors, for one, are files that no add of ours would name.</summary>
    [Fact]
    public async Task A_table_that_another_engine_has_upgraded_is_not_vacuumed()
    {
        await _table.CommitAsync(5);
        await _table.Store.CreateAsync("deletion_vector_1.bin", new byte[10], default);
        await _table.Store.CreateAsync(LogNames.Entry(2), LogJson.Write([new LogAction.Protocol(3, 7, ["deletionVectors"], ["deletionVectors"])]), default);
        _table.Time.Advance(TimeSpan.FromDays(8));
        var refused = await Assert.ThrowsAsync<InvalidDataException>(async () => await VacuumAsync());
        Assert.Contains("cannot be told", refused.Message, StringComparison.Ordinal);
        Assert.NotNull(await _table.Store.SizeAsync("deletion_vector_1.bin", default));
    }

    private sealed class SleepingStore(IObjectStore inner, string list, Func<Task> sleep) : ForwardingStore(inner)
    {
        public override async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
        {
            if (prefix == list) await sleep();
            await foreach (var found in base.ListAsync(prefix, after, cancellation)) yield return found;
        }
    }

    [Fact]
    public async Task Orphans_go_when_they_are_old_and_are_counted_apart()
    {
        await _table.CommitAsync(5);
        await _table.Store.CreateAsync(TableLayout.NewFile("department=police/event_date=2026-01-01/", Guid.Empty), new byte[10], default);
        await _table.Store.CreateAsync("_index/orphan.run", new byte[10], default);
        Assert.Equal(0, (await VacuumAsync()).Files);
        _table.Time.Advance(TimeSpan.FromDays(8));
        var gone = await VacuumAsync();
        Assert.Equal((1L, 1L, 1), (gone.Files, gone.Orphans, gone.IndexObjects));
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task The_file_of_a_plan_under_way_is_never_deleted_however_old_it_is()
    {
        for (var i = 0; i < 4; i++) await _table.CommitAsync(5);
        var racing = new RacingStore(_table.Store);
        racing.BeforeCreate = name => LogNames.TryParseEntry(name, out _) ? throw new IOException("The store is gone for a month.") : Task.CompletedTask;
        await Assert.ThrowsAsync<IOException>(async () => await _table.Sealer(racing).RunOnceAsync(SealScope.All, default));
        Assert.Single(await _table.GlobAsync());
        _table.Time.Advance(s_month);
        Assert.Equal(0, (await VacuumAsync()).Files);
        Assert.Single(await _table.SealAsync());
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task The_log_is_cleaned_up_to_an_old_checkpoint_and_offsets_and_index_survive()
    {
        for (var i = 0; i < 10; i++) await _table.CommitAsync(2);
        await _table.SealAsync();
        await _table.Table.WriteCheckpointAsync(6, default);
        _table.Time.Advance(TimeSpan.FromDays(20));
        await _table.CommitAsync(2);
        await _table.Table.WriteCheckpointAsync(12, default);
        Assert.Equal(0, (await CleanAsync()).Entries);
        _table.Time.Advance(TimeSpan.FromDays(20));
        await _table.CommitAsync(2);
        var before = Delta.Commits.Text((await LogReader.LoadAsync(_table.Store, default))!);

        Assert.Equal(new LogCleaned(6, 0, 6), await CleanAsync());
        Assert.Equal(before, Delta.Commits.Text((await LogReader.LoadAsync(_table.Store, default))!));
        Assert.Null(await _table.Store.SizeAsync(LogNames.Entry(5), default));
        await _table.AssertRightAsync();
        await _table.CommitAsync(2);
        await _table.SealAsync();
        await _table.AssertRightAsync();

        // A month later that checkpoint goes as well.
        _table.Time.Advance(s_month);
        Assert.Equal(new LogCleaned(6, 1, 12), await CleanAsync());
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task A_damaged_checkpoint_is_not_relied_upon()
    {
        for (var i = 0; i < 6; i++) await _table.CommitAsync(2);
        await _table.Table.WriteCheckpointAsync(5, default);
        await _table.Store.ReplaceAsync(LogNames.Checkpoint(5), new byte[100], default);
        _table.Time.Advance(s_month * 2);
        Assert.Equal(-1, (await CleanAsync()).Base);
        Assert.Equal(12, (await _table.RowsAsync(await _table.LiveAsync())).Count);
    }

    [Fact]
    public async Task Old_plans_go_and_the_newest_stays()
    {
        for (var i = 0; i < 3; i++)
        {
            await _table.CommitAsync(2);
            await _table.SealAsync();
        }

        var sealer = _table.Sealer();
        _table.Time.Advance(s_month);
        await sealer.CleanPlansAsync(_table.Time.GetUtcNow() - s_week, default);
        Assert.Equal([SealPlan.Name(2)], (await _table.Store.ListAsync(SealPlan.Names, null, default).ToListAsync()).Select(o => o.Name));
        await _table.CommitAsync(2);
        await _table.SealAsync();
        Assert.Equal(3, (await new SealPlans(_table.Store).NewestAsync(default))!.Number);
    }

    [Fact]
    public async Task One_worker_has_the_lease_another_gets_it_when_it_ends_or_is_given_back()
    {
        var time = new FakeTimeProvider();
        var store = new MemoryStore(time);
        var (one, two) = (Lease(), Lease());
        Assert.True(await one.TryHoldAsync(default));
        Assert.False(await two.TryHoldAsync(default));
        for (var i = 0; i < 10; i++)
        {
            time.Advance(TimeSpan.FromSeconds(50));
            Assert.True(await one.TryHoldAsync(default));
            Assert.False(await two.TryHoldAsync(default));
        }

        // The first falls silent.
        time.Advance(TimeSpan.FromMinutes(4));
        Assert.True(await two.TryHoldAsync(default));
        Assert.False(await one.TryHoldAsync(default));
        await two.ReleaseAsync(default);
        Assert.True(await one.TryHoldAsync(default));
        Assert.Equal(1, store.Count);

        SealLease Lease() => new(store, IdSource.System.Next(), time, TimeSpan.FromMinutes(3));
    }

    private ValueTask<Vacuumed> VacuumAsync() => Vacuum.RunAsync(_table.Store, s_week, delete: true, IdSource.System, _table.Time, _table.WorkFolder, null, default);

    private ValueTask<LogCleaned> CleanAsync() => LogCleanup.RunAsync(_table.Store, s_month, _table.Time.GetUtcNow(), _table.WorkFolder, default);

    private async Task<List<string>> DataAsync() => [.. (await _table.Store.ListAsync("", null, default).ToListAsync()).Select(o => o.Name).Where(n => !n.StartsWith('_'))];
}
