using Ingest.Core;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Tests.Stores;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Pool.Delta;

/// <summary>The process dies at every single call to the store; what it leaves behind is always whole, and the next process goes on from there.</summary>
public sealed class CrashTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_crash_anywhere_in_creating_and_committing_leaves_all_or_nothing(bool afterActing)
    {
        for (var diesAt = 0; ; diesAt++)
        {
            var memory = new MemoryStore(_time);
            var dying = new MortalStore(memory, diesAt, afterActing, mayDelete: false);
            await DieAsync(async () => await Commits.FillAsync(await Commits.OpenAsync(dying, new SeededIdSource(diesAt), _time), new SeededIdSource(1000 + diesAt), 2));

            // The next process reads where the table stands and goes on: whatever stood, the ranges tile and each key is there once.
            var ids = new SeededIdSource(2000 + diesAt);
            var table = await Commits.OpenAsync(memory, ids, _time);
            Assert.Contains(table.Current.Version, new long[] { 0, 1, 2 });
            await Commits.FillAsync(table, ids, 2);
            var ledger = await Ledger.ReadAsync(memory, CancellationToken.None);
            Assert.Empty(ledger.Problems);
            Assert.Equal(2 * table.Current.Version, Assert.Single(ledger.Lines).Range.To);
            Assert.Equal(table.Current.Version, table.Current.LiveRows);
            if (!dying.IsDead) return;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_crash_anywhere_in_a_checkpoint_misleads_nobody(bool afterActing)
    {
        for (var diesAt = 0; ; diesAt++)
        {
            var memory = new MemoryStore(_time);
            var ids = new SeededIdSource(7);
            var table = await Commits.OpenAsync(memory, ids, _time);
            await Commits.FillAsync(table, ids, 3);
            await table.WriteCheckpointAsync(3, CancellationToken.None);
            await Commits.FillAsync(table, ids, 4);
            var dying = new MortalStore(memory, diesAt, afterActing, mayDelete: false);
            await DieAsync(async () => await CheckpointWriter.WriteAsync(dying, 6, CancellationToken.None));

            Assert.Equal(Commits.Text(table.Current), Commits.Text((await LogReader.LoadAsync(memory, CancellationToken.None))!));
            var hint = await LogReader.CheckpointHintAsync(memory, CancellationToken.None);
            Assert.NotNull(await CheckpointFile.ReadAsync(memory, hint!.Value, CancellationToken.None));
            await CheckpointWriter.WriteAsync(memory, 6, CancellationToken.None);
            Assert.Equal(6, await LogReader.CheckpointHintAsync(memory, CancellationToken.None));
            if (!dying.IsDead) return;
        }
    }

    [Fact]
    public async Task The_same_range_after_a_crash_is_either_ours_to_commit_or_fenced()
    {
        for (var diesAt = 0; ; diesAt++)
        {
            var memory = new MemoryStore(_time);
            var ids = new SeededIdSource(7);
            await Commits.FillAsync(await Commits.OpenAsync(memory, ids, _time), ids, 1);
            var dying = new MortalStore(memory, diesAt, afterActing: true, mayDelete: false);
            await DieAsync(async () =>
            {
                var first = await Commits.OpenAsync(dying, ids, _time);
                await first.CommitAsync(Commits.Request(ids.Next(), 0, 2, 4, first.Current.Version, 3), Commits.AppIdOf, CancellationToken.None);
            });

            var second = await Commits.OpenAsync(memory, ids, _time);
            var stood = second.Current.Version == 2;
            var outcome = await second.CommitAsync(Commits.Request(ids.Next(), 0, 2, 4, second.Current.Version, 3), Commits.AppIdOf, CancellationToken.None);
            Assert.IsType(stood ? typeof(CommitOutcome.Fenced) : typeof(CommitOutcome.Committed), outcome);
            Assert.Empty((await Ledger.ReadAsync(memory, CancellationToken.None)).Problems);
            if (!dying.IsDead) return;
        }
    }

    private static async Task DieAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (MortalStore.KilledException)
        {
            // as planned
        }
    }
}
