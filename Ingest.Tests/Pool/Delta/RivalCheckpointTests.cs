using System.Text;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Pool.Delta;

public sealed class RivalCheckpointTests
{
    private readonly MemoryStore _store = new();

    [Fact]
    public async Task A_checkpoint_and_the_entries_after_it_are_the_whole_log()
    {
        var table = await RivalCommits.OpenAsync(_store);
        for (var checkpoint = 0; checkpoint < 3; checkpoint++)
        {
            await table.CommitManyAsync(4);
            var full = RivalCommits.Show(await LogReader.LoadAsync(_store, default));
            await table.WriteCheckpointAsync(table.Current.Version - 1, default);
            Assert.Equal(table.Current.Version - 1, await LogReader.CheckpointHintAsync(_store, default));
            Assert.Equal(full, RivalCommits.Show(await LogReader.LoadAsync(_store, default)));
            Assert.Equal(full, RivalCommits.Show(table.Current));
        }

        for (var version = 0; version <= table.Current.Version - 2; version++) await _store.DeleteAsync(LogNames.Entry(version), default);
        Assert.Equal(RivalCommits.Show(table.Current), RivalCommits.Show(await LogReader.LoadAsync(_store, default)));
        Assert.Equal(12, (await LogReader.LiveFilesAsync(_store, table.Current.Version, default)).Count);
        await _store.DeleteAsync(LogNames.LastCheckpoint, default);
        Assert.Equal(RivalCommits.Show(table.Current), RivalCommits.Show(await LogReader.LoadAsync(_store, default)));
    }

    [Fact]
    public async Task Removed_files_leave_the_table_and_come_back_with_a_checkpoint_as_they_were()
    {
        var table = await RivalCommits.OpenAsync(_store);
        await table.CommitManyAsync(2);
        var removed = (await LogReader.LiveFilesAsync(_store, 2, default)).Values.First();
        await _store.CreateAsync(LogNames.Entry(3), LogJson.Write([new LogAction.Remove(removed.Path, long.MaxValue / 2, true, removed.PartitionValues, removed.Size)]), default);
        var full = await LogReader.LoadAsync(_store, default);
        Assert.Equal((1L, 10L, false), (full!.LiveFiles, full.LiveRows, full.HasUntaggedFiles));
        await table.RefreshAsync(default);
        await table.WriteCheckpointAsync(3, default);
        Assert.Equal(RivalCommits.Show(full), RivalCommits.Show(await LogReader.LoadAsync(_store, default)));
        Assert.Single(await LogReader.LiveFilesAsync(_store, 3, default));
    }

    [Theory]
    [InlineData("_index/", StoreOperations.Create, false)]
    [InlineData("_index/", StoreOperations.Create, true)]
    [InlineData(".checkpoint.parquet", StoreOperations.Create, false)]
    [InlineData(".checkpoint.parquet", StoreOperations.Create, true)]
    [InlineData("_last_checkpoint", StoreOperations.Replace, false)]
    [InlineData("_last_checkpoint", StoreOperations.Replace, true)]
    public async Task A_crash_while_a_checkpoint_is_written_misleads_nobody(string name, StoreOperations operation, bool afterActing)
    {
        var faulty = new FaultyStore(_store, TimeProvider.System);
        var table = await RivalCommits.OpenAsync(faulty);
        await table.CommitManyAsync(4);
        await table.WriteCheckpointAsync(2, default);
        faulty.Plan(new PlannedFault { NamePart = name, Operations = operation, AfterActing = afterActing, Fault = StoreFault.Unknown, Times = 1 });
        await Assert.ThrowsAsync<StoreException>(async () => await table.WriteCheckpointAsync(4, default));
        Assert.Equal(RivalCommits.Show(table.Current), RivalCommits.Show(await LogReader.LoadAsync(_store, default)));
        await table.WriteCheckpointAsync(4, default);
        Assert.Equal(4, await LogReader.CheckpointHintAsync(_store, default));
        Assert.Equal(RivalCommits.Show(table.Current), RivalCommits.Show(await LogReader.LoadAsync(_store, default)));
    }

    [Fact]
    public async Task Two_workers_write_the_same_checkpoint_and_none_goes_back()
    {
        var (first, second) = (await RivalCommits.OpenAsync(_store), await RivalCommits.OpenAsync(_store));
        await first.CommitManyAsync(4);
        await first.WriteCheckpointAsync(4, default);
        var bytes = await _store.ReadAsync(LogNames.Checkpoint(4), default);
        await second.WriteCheckpointAsync(3, default);
        await second.WriteCheckpointAsync(4, default);
        Assert.Equal(bytes, await _store.ReadAsync(LogNames.Checkpoint(4), default));
        Assert.Equal(4, await LogReader.CheckpointHintAsync(_store, default));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{\"version\":3}")]
    [InlineData("{\"version\":2,\"runs\":[],\"keys\":0,\"sum\":\"0\"}")]
    [InlineData("{\"version\":3,\"runs\":[],\"keys\":1,\"sum\":\"0\"}")]
    [InlineData("[]")]
    public async Task Without_a_manifest_that_adds_up_the_index_is_unknown_never_empty(string? manifest)
    {
        var table = await RivalCommits.OpenAsync(_store);
        await table.CommitManyAsync(4);
        await table.WriteCheckpointAsync(3, default);
        await _store.DeleteAsync(LogNames.IndexManifest(3), default);
        if (manifest is not null) await _store.CreateAsync(LogNames.IndexManifest(3), Encoding.UTF8.GetBytes(manifest), default);

        // As long as the log has all its entries they tell as much; a clean-up leaves those from the checkpoint on.
        for (var version = 0; version < 3; version++) await _store.DeleteAsync(LogNames.Entry(version), default);
        var reopened = await RivalCommits.OpenAsync(_store);
        Assert.False(reopened.Current.Index.IsKnown);
        Assert.Contains("rebuilds the index", Assert.IsType<CommitOutcome.Stopped>(await reopened.CommitAsync(RivalCommits.Request(40, 50, 4))).Why, StringComparison.Ordinal);
        var whole = new Core.Deduplicating.Index.RunDescriptor("whole.run", reopened.Current.LiveRows, reopened.Current.KeySum, 1);
        Assert.True(await reopened.ReplaceIndexAsync([whole], 4, default));
        Assert.IsType<CommitOutcome.Committed>(await reopened.CommitAsync(RivalCommits.Request(40, 50, 5)));
        Assert.Equal((50L, true), (reopened.Current.Index.TotalKeys, reopened.Current.Index.IsKnown));
    }

    [Theory]
    [InlineData("")]
    [InlineData("no json")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"version\":\"x\"}")]
    [InlineData("{\"version\":1.5}")]
    [InlineData("{\"version\":99}")]
    [InlineData("{\"version\":-1}")]
    public async Task A_hint_that_cannot_be_followed_is_only_a_hint(string hint)
    {
        var table = await RivalCommits.OpenAsync(_store);
        await table.CommitManyAsync(4);
        await _store.ReplaceAsync(LogNames.LastCheckpoint, Encoding.UTF8.GetBytes(hint), default);
        Assert.Equal(RivalCommits.Show(table.Current), RivalCommits.Show(await LogReader.LoadAsync(_store, default)));
        Assert.Equal(4, (await LogReader.LiveFilesAsync(_store, 4, default)).Count);
    }

    [Fact]
    public async Task A_damaged_checkpoint_is_passed_over()
    {
        var table = await RivalCommits.OpenAsync(_store);
        await table.CommitManyAsync(4);
        await table.WriteCheckpointAsync(3, default);
        var bytes = (await _store.ReadAsync(LogNames.Checkpoint(3), default))!;
        foreach (var damaged in new[] { [], bytes[..(bytes.Length / 2)], "PAR1xxxxPAR1"u8.ToArray() })
        {
            await _store.ReplaceAsync(LogNames.Checkpoint(3), damaged, default);
            Assert.Equal(RivalCommits.Show(table.Current), RivalCommits.Show(await LogReader.LoadAsync(_store, default)));
            Assert.Equal(4, (await LogReader.LiveFilesAsync(_store, 4, default)).Count);
        }
    }

    [Fact]
    public async Task Files_are_all_listed_while_another_worker_writes_a_checkpoint()
    {
        var table = await RivalCommits.OpenAsync(_store);
        await table.CommitManyAsync(6);
        await table.WriteCheckpointAsync(2, default);
        var moving = new ActingStore(_store, LogNames.Checkpoint(2), () => table.WriteCheckpointAsync(5, default));
        Assert.Equal(6, (await LogReader.LiveFilesAsync(moving, 6, default)).Count);
    }

    /// <summary>Lets something happen when an object is first read.</summary>
    private sealed class ActingStore(IObjectStore inner, string at, Func<ValueTask> act) : ForwardingStore(inner)
    {
        private bool _acted;

        public override async ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation)
        {
            if (name == at && !_acted)
            {
                _acted = true;
                await act();
            }

            return await base.ReadAsync(name, cancellation);
        }
    }
}
