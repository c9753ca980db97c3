using Ingest.Core;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Tests.EndToEnd;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Flow;

/// <summary>A partition comes from another worker that has read on, or somebody has said how to go on: what this worker knows of the tables is older, and no reason to stop.</summary>
public sealed class StaleAssignmentTests
{
    private const string Row = """{"id":"A1","paid_on":"2026-03-02"}""";

    private readonly Held _held = new();

    /// <summary>A commit owns its table's log until it ends, and the store may take its time.</summary>
    [Fact]
    public async Task While_a_commit_is_in_flight_the_tables_are_read_beside_it()
    {
        await using var worker = await WithACommitInFlightAsync();
        await worker.RivalAsync(ScriptedWorker.Second, 3, 7);
        var sink = await worker.Source.Sink;
        await worker.WithTime(sink.AssigningAsync());
        Assert.Equal(7, (await AssignedAsync(worker, start: 5))?.StartOffset);
        Assert.Empty(worker.Status.Halted);

        // And it goes through all the same, behind the other's.
        _held.Puts.SetResult();
        await worker.UntilAsync(s => s.CommittedRows == 1);
        Assert.DoesNotContain(worker.Logger.Lines, l => l.StartsWith("1008 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task While_a_commit_is_in_flight_a_topic_that_was_just_accepted_is_read()
    {
        await using var worker = await WithACommitInFlightAsync(topicId: "old");
        var table = await DeltaTable.OpenAsync(new PrefixedStore(worker.Store, "payments"), "payments", IdSource.System, worker.Time, CancellationToken.None);
        Assert.NotNull(await table!.AcceptTopicAsync("kafka", City.Topic, "new", CancellationToken.None));
        await worker.WithTime((await worker.Source.Sink).AssigningAsync());
        Assert.Equal(3, (await AssignedAsync(worker, start: 0, topicId: "new"))?.StartOffset);
        Assert.Empty(worker.Status.Halted);
    }

    /// <summary>The tables are read, then the broker is asked; the former owner commits in between, and what it has read expires.</summary>
    [Fact]
    public async Task What_expired_after_it_was_committed_is_no_gap()
    {
        await using var worker = new ScriptedWorker();
        await worker.WithTime(worker.Source.Sink);
        await worker.RivalAsync(ScriptedWorker.Second, 0, 3);
        await worker.WithTime((await worker.Source.Sink).AssigningAsync());
        await worker.RivalAsync(ScriptedWorker.Second, 3, 7);
        Assert.Equal(7, (await AssignedAsync(worker, start: 5))?.StartOffset);
        Assert.Empty(worker.Status.Halted);
    }

    /// <summary>The tables are asked once more, and still: it is a gap.</summary>
    [Fact]
    public async Task What_expired_unread_while_a_commit_is_in_flight_is_one()
    {
        await using var worker = await WithACommitInFlightAsync();
        await worker.WithTime((await worker.Source.Sink).AssigningAsync());
        Assert.Null(await AssignedAsync(worker, start: 5));
        await worker.UntilAsync(s => s.Halted.Count == 1);
        Assert.Contains("2 offsets [3, 5) expired", worker.Status.Halted[0], StringComparison.Ordinal);
    }

    /// <summary>What the table had before the broker was asked is judged, not what others have made of it since.</summary>
    [Fact]
    public async Task Others_may_have_read_beyond_the_end_of_then()
    {
        await using var worker = new ScriptedWorker();
        await worker.WithTime(worker.Source.Sink);
        await worker.WithTime((await worker.Source.Sink).AssigningAsync());
        await worker.RivalAsync(ScriptedWorker.Second, 0, 12);
        await worker.WithTime((await worker.Source.Sink).AssignedAsync([new PartitionBounds(ScriptedWorker.First, 0, 10)]));
        Assert.Equal(0, (await AssignedAsync(worker, start: 0))?.StartOffset);
        Assert.Empty(worker.Status.Halted);
    }

    private static async Task<CommitRight?> AssignedAsync(ScriptedWorker worker, long start, string? topicId = null) =>
        (await worker.WithTime((await worker.Source.Sink).AssignedAsync([new PartitionBounds(ScriptedWorker.Second, start, 10, topicId)])))[0];

    /// <summary>The table has the second partition up to 3. This worker reads the first one, and its commit waits for the store.</summary>
    private async Task<ScriptedWorker> WithACommitInFlightAsync(string? topicId = null)
    {
        var worker = new ScriptedWorker(_held.Around, o => o with { Batching = new() { FlushAfter = TimeSpan.Zero } });
        var sink = await worker.WithTime(worker.Source.Sink);
        await worker.RivalAsync(ScriptedWorker.Second, 0, 3, topicId);
        await worker.WithTime(sink.AssigningAsync());
        var right = (await worker.WithTime(sink.AssignedAsync([new PartitionBounds(ScriptedWorker.First, 0, 10)])))[0];
        _held.IsHolding = true;
        await worker.OfferAsync(right!, 0, Row);
        await worker.UntilAsync(_ => _held.HasOne);
        return worker;
    }

    /// <summary>A store that holds entries of the log back before they are put.</summary>
    private sealed class Held
    {
        public TaskCompletionSource Puts { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public volatile bool IsHolding;

        public volatile bool HasOne;

        public IObjectStore Around(IObjectStore inner) => new Store(this, inner);

        private sealed class Store(Held held, IObjectStore inner) : ForwardingStore(inner)
        {
            public override async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
            {
                if (held.IsHolding && name.Contains("/_delta_log/", StringComparison.Ordinal))
                {
                    held.HasOne = true;
                    await held.Puts.Task.WaitAsync(cancellation);
                }

                return await base.CreateAsync(name, content, cancellation);
            }
        }
    }
}
