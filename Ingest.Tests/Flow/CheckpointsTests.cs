using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Flow;

/// <summary>Checkpoints that cannot be written: whoever is on duty wants a line when that begins, one when it is over, and a figure meanwhile.</summary>
public sealed class CheckpointsTests
{
    private readonly Refusing _refusing = new();
    private int _commits;

    [Fact]
    public async Task Those_that_fail_are_tried_less_and_less_often_and_told_when_that_begins_and_is_over()
    {
        await using var worker = new ScriptedWorker(_refusing.Around, o => o with { CheckpointInterval = 1, Batching = new() { FlushAfter = TimeSpan.Zero } });
        var right = (await worker.AssignAsync())[0]!;
        _refusing.IsRefusing = true;
        await CommitForAsync(worker, right, TimeSpan.FromMinutes(10));
        Assert.Equal(_commits, worker.Status.CommittedRows);
        Assert.InRange(_refusing.Calls, 4, 6); // at once, and after 30 s, 1, 2, 4 minutes more, each time at the next commit
        Assert.Single(Lines(worker, 1013));
        Assert.StartsWith("1013 Checkpoints of table 'payments' fail, at version 1 first,", Lines(worker, 1013)[0], StringComparison.Ordinal);
        Assert.EndsWith("checkpoint.parquet: no right.", Lines(worker, 1013)[0], StringComparison.Ordinal);
        await worker.UntilAsync(s => s.CheckpointsFailing["payments"] > TimeSpan.FromMinutes(9));
        Assert.Equal(TimeSpan.Zero, worker.Status.CheckpointsFailing["quarantine"]);

        _refusing.IsRefusing = false;
        await CommitForAsync(worker, right, TimeSpan.FromMinutes(10));
        await worker.UntilAsync(s => s.CheckpointsFailing["payments"] == TimeSpan.Zero);
        Assert.Single(Lines(worker, 1023));
        Assert.Single(Lines(worker, 1013));
    }

    /// <summary>Not every commit makes one due, and the next that does may be days away.</summary>
    [Fact]
    public async Task After_one_that_failed_any_later_commit_will_do()
    {
        await using var worker = new ScriptedWorker(_refusing.Around, o => o with { CheckpointInterval = 5, Batching = new() { FlushAfter = TimeSpan.Zero } });
        var right = (await worker.AssignAsync())[0]!;
        _refusing.IsRefusing = true;
        for (var i = 0; i < 5; i++) await CommitAsync(worker, right);
        await worker.UntilAsync(_ => Lines(worker, 1013).Length == 1);
        _refusing.IsRefusing = false;
        await worker.UntilAsync(s => s.CheckpointsFailing["payments"] > TimeSpan.FromMinutes(1));
        await CommitAsync(worker, right);
        await worker.UntilAsync(_ => Lines(worker, 1023).Length == 1);
        Assert.NotNull(await worker.Store.SizeAsync("payments/_delta_log/00000000000000000006.checkpoint.parquet", CancellationToken.None));
    }

    private static string[] Lines(ScriptedWorker worker, int id) => [.. worker.Logger.Lines.Where(l => l.StartsWith($"{id} ", StringComparison.Ordinal))];

    /// <summary>Commits a row now and then, for so long.</summary>
    private async Task CommitForAsync(ScriptedWorker worker, CommitRight right, TimeSpan time)
    {
        for (var until = worker.Time.GetUtcNow() + time; worker.Time.GetUtcNow() < until; worker.Time.Advance(TimeSpan.FromSeconds(10))) await CommitAsync(worker, right);
    }

    private async Task CommitAsync(ScriptedWorker worker, CommitRight right)
    {
        await worker.OfferAsync(right, _commits, $$"""{"id":"A{{_commits}}","paid_on":"2026-03-02"}""");
        _commits++;
        await worker.UntilAsync(s => s.CommittedRows == _commits);
    }

    /// <summary>A store without the right to create checkpoints.</summary>
    private sealed class Refusing
    {
        private int _calls;

        public volatile bool IsRefusing;

        public int Calls => Volatile.Read(ref _calls);

        public IObjectStore Around(IObjectStore inner) => new Store(this, inner);

        private sealed class Store(Refusing owner, IObjectStore inner) : ForwardingStore(inner)
        {
            public override ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
            {
                if (!owner.IsRefusing || !name.EndsWith(".checkpoint.parquet", StringComparison.Ordinal)) return base.CreateAsync(name, content, cancellation);
                Interlocked.Increment(ref owner._calls);
                throw new StoreException(StoreFault.Denied, $"Cannot create {name}: no right.");
            }
        }
    }
}
