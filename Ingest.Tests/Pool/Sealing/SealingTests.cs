using System.Text.Json;
using Ingest.Core;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Housekeeping;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;

namespace Ingest.Tests.Pool.Sealing;

public sealed class SealingTests : IDisposable
{
    private readonly SealedTable _table = new();

    public void Dispose() => _table.Dispose();

    [Fact]
    public async Task Many_small_files_become_one_sealed_file_with_the_same_rows()
    {
        for (var i = 0; i < 20; i++) await _table.CommitAsync(10);
        Assert.Empty(await _table.GlobAsync());
        var report = Assert.Single(await _table.SealAsync());
        Assert.Equal((20, 1, 1, 200L), (report.Inputs, report.Outputs, report.Sealed, report.Rows));
        var file = Assert.Single(await _table.LiveAsync());
        Assert.True(TableLayout.IsSealed(file));
        Assert.Equal([file], await _table.GlobAsync());
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task Rows_are_sorted_by_event_time()
    {
        for (var i = 0; i < 8; i++) await _table.CommitAsync(50);
        await _table.SealAsync();
        var file = Assert.Single(await _table.LiveAsync());
        Assert.Equal("d", SealedTable.Plan.Columns[SealedTable.Plan.EventDateColumn].Name);
        using var content = new MemoryStream((await _table.Store.ReadAsync(file, default))!);
        var stored = Core.Pool.Parquet.StoredTable.For(SealedTable.Plan, _table.Table.Current.Metadata!.SchemaString);
        await using var reader = await Core.Pool.Parquet.DataFileReader.OpenAsync(content, stored.Rows, new Dictionary<string, string?>(), default);
        var rows = new Core.Pool.Parquet.SortedRows(stored);
        await reader.ReadAsync(0, rows.Records, default);
        rows.Fingerprint(0, SealedTable.Topic.Department);
        Assert.Equal(400, rows.Records.Count);
        Assert.True(rows.Sort().Span.SequenceEqual(Enumerable.Range(0, 400).ToArray()));
    }

    [Fact]
    public async Task More_rows_than_fit_into_memory_go_over_the_local_disk_and_come_out_the_same()
    {
        for (var i = 0; i < 12; i++) await _table.CommitAsync(3_000);
        var reports = await _table.SealAsync(options: new SealingOptions { MemoryBytes = 200_000, RowGroupRows = 1_000 });
        Assert.Equal(36_000, Assert.Single(reports).Rows);
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task Each_partition_is_sealed_by_itself_also_rows_without_a_date()
    {
        await _table.CommitAsync(5, 20_000);
        await _table.CommitAsync(5, 20_001);
        await _table.CommitAsync(5, null);
        await _table.CommitAsync(5, null);
        Assert.Equal(3, Assert.Single(await _table.SealAsync()).Sealed);
        Assert.Equal(3, (await _table.LiveAsync()).Count);
        Assert.Contains(await _table.GlobAsync(), f => f.Contains("event_date=__HIVE_DEFAULT_PARTITION__/", StringComparison.Ordinal));
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task Late_rows_become_a_further_file_and_the_first_stays_as_it_is()
    {
        await _table.CommitAsync(5);
        await _table.SealAsync();
        var first = Assert.Single(await _table.LiveAsync());
        await _table.CommitAsync(5);
        await _table.SealAsync();
        var both = await _table.LiveAsync();
        Assert.Equal(2, both.Count);
        Assert.Contains(first, both);
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task What_is_fresh_and_little_is_left_alone_and_sealed_once_the_partition_is_quiet()
    {
        for (var i = 0; i < 5; i++) await _table.CommitAsync(5);
        Assert.Empty(await _table.SealAsync(SealScope.Due));
        _table.Time.Advance(TimeSpan.FromMinutes(59));
        Assert.Empty(await _table.SealAsync(SealScope.Due));
        _table.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, Assert.Single(await _table.SealAsync(SealScope.Due)).Sealed);
    }

    [Fact]
    public async Task Many_fresh_files_are_merged_outside_the_partition_folders()
    {
        var options = new SealingOptions { MergeFiles = 8 };
        for (var i = 0; i < 20; i++) await _table.CommitAsync(5);
        var report = Assert.Single(await _table.SealAsync(SealScope.Due, options));
        Assert.Equal((20, 1, 0), (report.Inputs, report.Outputs, report.Sealed));
        Assert.True(TableLayout.IsMerged(Assert.Single(await _table.LiveAsync())));
        Assert.Empty(await _table.GlobAsync());
        await _table.AssertRightAsync();

        // Merging does not make rows younger: they are sealed an hour after they came.
        _table.Time.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal(1, Assert.Single(await _table.SealAsync(SealScope.Due, options)).Sealed);
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task While_ingest_has_all_it_can_do_plans_are_small()
    {
        var busy = true;
        for (var i = 0; i < 200; i++) await _table.CommitAsync(2);
        var sealer = _table.Sealer(options: new SealingOptions { MergeFiles = 8 }, throttle: new Throttle(_table.Time, () => busy));
        Assert.Equal(128, (await sealer.RunOnceAsync(SealScope.Due, default))!.Inputs);
        for (var i = 0; i < 200; i++) await _table.CommitAsync(2);
        busy = false;
        Assert.Equal(272, (await sealer.RunOnceAsync(SealScope.Due, default))!.Inputs);
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task Much_is_sealed_at_once()
    {
        await _table.CommitAsync(2_000);
        var size = (await LogReader.LiveFilesAsync(_table.Store, 1, default)).Values.Single().Size;
        Assert.Equal(1, Assert.Single(await _table.SealAsync(SealScope.Due, new SealingOptions { TargetBytes = size - 1 })).Sealed);
    }

    [Fact]
    public async Task The_entry_changes_no_data_and_proves_that_rows_are_conserved()
    {
        for (var i = 0; i < 3; i++) await _table.CommitAsync(4);
        var before = await _table.Table.RefreshAsync(default);
        await _table.SealAsync();
        var entry = (await LogReader.ReadEntryAsync(_table.Store, before.Version + 1, default))!;
        Assert.Empty(entry.Actions.OfType<LogAction.Txn>());
        Assert.All(entry.Actions.OfType<LogAction.Add>(), a => Assert.False(a.DataChange));
        Assert.All(entry.Actions.OfType<LogAction.Remove>(), r => Assert.True(r is { DataChange: false, Size: > 0, DeletionTimestamp: > 0, PartitionValues: not null }));
        var proof = entry.Actions.OfType<LogAction.Info>().Single().Content.Conservation!;
        Assert.True(proof is { Holds: true, RowsIn: 12 });
        Assert.Equal(before.KeySum, proof.KeySumOut);
        Assert.NotEqual(UInt128.Zero, proof.RowSumOut);
        using var stats = JsonDocument.Parse(entry.Actions.OfType<LogAction.Add>().Single().Stats!);
        Assert.Equal(12, stats.RootElement.GetProperty("numRecords").GetInt64());
        Assert.Equal("1970-01-01T00:00:00.000Z", stats.RootElement.GetProperty("minValues").GetProperty("t").GetString());
    }

    [Fact]
    public async Task Columns_that_the_contract_does_not_know_are_kept()
    {
        await _table.CommitAsync(4);
        var wide = SealedTable.Plan with { Columns = SealedTable.Plan.Columns.Add(SealedTable.Plan.Columns[0] with { Ordinal = 5, Name = "added", Sources = [] }) };
        await DeltaTable.OpenOrCreateAsync(_table.Store, TableSpecs.For(wide, 100) with { DedupSignature = SealedTable.Plan.DedupSignature }, Core.IdSource.System, _table.Time, default);
        await _table.SealAsync();
        var content = (await _table.Store.ReadAsync(Assert.Single(await _table.LiveAsync()), default))!;
        await using var reader = await global::Parquet.ParquetReader.CreateAsync(new MemoryStream(content));
        Assert.Contains(reader.Schema.GetDataFields(), f => f.Name == "added");
        await _table.AssertRightAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_damaged_file_is_left_alone_and_the_rest_is_sealed(int mergesAtOnce)
    {
        await _table.CommitAsync(4, 20_000);
        await _table.CommitAsync(4, 20_001);
        var damaged = (await _table.LiveAsync())[0];
        var bytes = (await _table.Store.ReadAsync(damaged, default))!;
        await _table.Store.ReplaceAsync(damaged, new byte[bytes.Length], default);
        Assert.Equal(1, Assert.Single(await _table.SealAsync(mergesAtOnce: mergesAtOnce)).Sealed);
        Assert.Contains(damaged, await _table.LiveAsync());

        // It stands in nobody's way, and once it is restored it is sealed like any other.
        await _table.CommitAsync(4, 20_002);
        Assert.Equal(1, Assert.Single(await _table.SealAsync()).Sealed);
        await _table.Store.ReplaceAsync(damaged, bytes, default);
        Assert.Equal(1, Assert.Single(await _table.SealAsync()).Sealed);
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task Appends_and_seals_do_not_get_in_each_others_way()
    {
        await _table.CommitAsync(4);
        var racing = new RacingStore(_table.Store);
        var commits = 0;
        racing.BeforeCreate = async name =>
        {
            if (LogNames.TryParseEntry(name, out _) && commits++ < 3) await _table.CommitAsync(4);
        };
        Assert.NotNull(await _table.Sealer(racing).RunOnceAsync(SealScope.All, default));
        Assert.Equal(4, (await _table.LiveAsync()).Count);
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task Half_a_file_under_a_sealed_name_does_not_end_sealing()
    {
        for (var i = 0; i < 3; i++) await _table.CommitAsync(10);
        var racing = new RacingStore(_table.Store);
        racing.BeforeCreate = async name =>
        {
            if (!name.EndsWith(".parquet", StringComparison.Ordinal)) return;
            racing.BeforeCreate = _ => Task.CompletedTask;
            await _table.Store.CreateAsync(name, new byte[100], default);
        };
        var report = await _table.Sealer(racing).RunOnceAsync(SealScope.All, default);
        Assert.Equal((3, 1), (report!.Inputs, report.Sealed));
        Assert.Equal(2, (await _table.GlobAsync()).Count);
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task The_work_folder_may_be_deleted_at_any_time()
    {
        for (var i = 0; i < 3; i++) await _table.CommitAsync(10);
        var sealer = _table.Sealer();
        _table.DeleteWorkFolders();
        Assert.NotNull(await sealer.RunOnceAsync(SealScope.All, default));
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task Two_sealers_at_once_write_each_row_once()
    {
        for (var i = 0; i < 6; i++) await _table.CommitAsync(10, 20_000 + (i % 2));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var sealer = _table.Sealer();
            while (await sealer.RunOnceAsync(SealScope.All, default) is not null)
            {
                // Until nothing is left.
            }
        })));
        Assert.Equal(2, (await _table.LiveAsync()).Count);
        Assert.Equal(2, (await _table.GlobAsync()).Count);
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task A_zombie_that_wakes_after_its_plan_was_carried_out_and_rows_came_late_adds_nothing()
    {
        for (var i = 0; i < 3; i++) await _table.CommitAsync(10);
        var asleep = new TaskCompletionSource();
        var wake = new TaskCompletionSource();
        var racing = new RacingStore(_table.Store);
        racing.BeforeCreate = async name =>
        {
            if (!name.EndsWith(".parquet", StringComparison.Ordinal)) return;
            asleep.TrySetResult();
            await wake.Task;
        };
        var zombie = _table.Sealer(racing).RunOnceAsync(SealScope.All, default).AsTask();
        await asleep.Task;
        Assert.Single(await _table.SealAsync());
        await _table.CommitAsync(10);
        Assert.Single(await _table.SealAsync());
        wake.SetResult();
        Assert.Null(await zombie);
        Assert.Equal(2, (await _table.GlobAsync()).Count);
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task When_another_engine_removes_what_a_plan_takes_its_name_is_taken_by_a_file_without_rows()
    {
        await _table.CommitAsync(10);
        await _table.CommitAsync(10);
        var asleep = new TaskCompletionSource<string>();
        var wake = new TaskCompletionSource();
        var racing = new RacingStore(_table.Store);
        racing.BeforeCreate = async name =>
        {
            if (!name.EndsWith(".parquet", StringComparison.Ordinal)) return;
            asleep.TrySetResult(name);
            await wake.Task;
        };
        var zombie = _table.Sealer(racing).RunOnceAsync(SealScope.All, default).AsTask();
        var output = await asleep.Task;

        // Another engine deletes one of the files and knows nothing of plans.
        var gone = (await _table.LiveAsync())[0];
        var tip = (await _table.Table.RefreshAsync(default)).Version;
        var remaining = await _table.RowsAsync((await _table.LiveAsync()).Skip(1));
        await _table.Store.CreateAsync(LogNames.Entry(tip + 1), LogJson.Write([new LogAction.Remove(gone, 1, true, null, null)]), default);
        Assert.Single(await _table.SealAsync());

        // The name stays taken however long the sealer sleeps, and whatever is cleaned meanwhile.
        _table.Time.Advance(TimeSpan.FromDays(80));
        await Vacuum.RunAsync(_table.Store, Vacuum.RetentionMin, delete: true, IdSource.System, _table.Time, _table.WorkFolder, null, default);
        Assert.Equal(CreateOutcome.AlreadyExists, await _table.Store.CreateAsync(output, new byte[10], default));
        wake.SetResult();
        await zombie;
        Assert.Equal(remaining, await _table.RowsAsync(await _table.LiveAsync()));
        Assert.Equal(remaining, await _table.RowsAsync(await _table.GlobAsync()));
    }

    [Fact]
    public async Task A_plan_of_files_that_came_after_the_last_look_is_carried_out_and_not_given_up()
    {
        await _table.CommitAsync(5);
        await _table.SealAsync();
        var (putting, mayPut) = (new TaskCompletionSource(), new TaskCompletionSource());
        var first = new RacingStore(_table.Store)
        {
            BeforeCreate = async name =>
            {
                if (!name.StartsWith("_delta_log/", StringComparison.Ordinal)) return;
                putting.TrySetResult();
                await mayPut.Task;
            },
        };

        // Between our look at the log and at the plans a file comes, and another sealer plans it, writes the sealed file, and is about to commit it.
        Task<SealReport?>? others = null;
        var second = new RacingStore(_table.Store);
        second.BeforeList = async prefix =>
        {
            if (others is not null || prefix.StartsWith("_delta_log/", StringComparison.Ordinal)) return;
            others = Task.FromResult<SealReport?>(null);
            await _table.CommitAsync(5, 20_001);
            others = _table.Sealer(first).RunOnceAsync(SealScope.All, default).AsTask();
            await putting.Task;
        };
        await _table.Sealer(second).RunOnceAsync(SealScope.All, default);
        mayPut.SetResult();
        await others!;
        Assert.Equal(await _table.LiveAsync(), await _table.GlobAsync());
        Assert.Equal(Enumerable.Range(0, 10), await _table.RowsAsync(await _table.GlobAsync()));
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task A_log_whose_newest_entry_is_only_in_its_checkpoint_is_sealed_all_the_same()
    {
        using var table = new SealedTable(checkpointInterval: 2);
        await table.CommitAsync(5);
        await table.CommitAsync(5);
        Assert.Equal(2, table.Table.Current.Version);
        await table.Table.WriteCheckpointAsync(2, default);
        await table.Store.DeleteAsync("_delta_log/00000000000000000002.json", default);
        var lists = 0;
        var counted = new RacingStore(table.Store) { BeforeList = _ => ++lists < 1000 ? Task.CompletedTask : throw new InvalidOperationException("The log is read over and over.") };
        Assert.Equal(10, (await table.Sealer(counted).RunOnceAsync(SealScope.All, default))?.Rows);
        Assert.Equal(Enumerable.Range(0, 10), await table.RowsAsync(await table.GlobAsync()));
    }
}
