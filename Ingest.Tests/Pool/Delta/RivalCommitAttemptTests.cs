using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Pool.Delta;

/// <summary>The protocol's table of transitions, without a store.</summary>
public sealed class RivalCommitAttemptTests
{
    private readonly Snapshot _tip;

    public RivalCommitAttemptTests() => _tip = OpenAsync().AsTask().GetAwaiter().GetResult();

    [Fact]
    public void It_begins_by_reading_the_log_and_puts_behind_its_tip()
    {
        var attempt = Attempt(out _);
        Assert.IsType<CommitCommand.ReadLog>(attempt.Start());
        var put = Assert.IsType<CommitCommand.Put>(attempt.LogRead(_tip, null, 5));
        Assert.Equal(_tip.Version + 1, put.Version);
        var txn = Assert.Single(put.Entry.OfType<LogAction.Txn>());
        Assert.Equal(("ingest/main/police.cars/0", 10L), (txn.AppId, txn.Version));
        Assert.Equal(attempt.TransactionText, put.Entry.OfType<LogAction.Info>().Single().Content.TransactionId);
    }

    [Fact]
    public void Times_never_go_backwards()
    {
        var put = Assert.IsType<CommitCommand.Put>(Attempt(out _).LogRead(_tip with { LastTimestamp = 1000 }, null, 5));
        Assert.Equal(1001, put.Entry.OfType<LogAction.Info>().Single().Content.Timestamp);
    }

    [Fact]
    public void A_clear_success_is_a_commit_and_every_third_version_a_checkpoint()
    {
        foreach (var (version, due) in new[] { (1L, false), (2L, false), (3L, true), (6L, true) })
        {
            var attempt = Attempt(out var request);
            attempt.LogRead(_tip with { Version = version - 1 }, null, 5);
            var committed = Committed(attempt.PutCreated());
            Assert.Equal((version, due), (committed.Version, committed.CheckpointDue));
            Assert.Equal([request.Run!], committed.Index.Added);
        }
    }

    [Fact]
    public void A_taken_slot_and_an_unclear_answer_are_read_back()
    {
        foreach (var answer in new Func<CommitAttempt, CommitCommand>[] { a => a.PutExists(), a => a.PutUnknown() })
        {
            var attempt = Attempt(out _);
            var put = attempt.LogRead(_tip, null, 5);
            Assert.Equal(_tip.Version + 1, Assert.IsType<CommitCommand.ReadBack>(answer(attempt)).Version);
            Assert.Same(put, attempt.ReadBackMissing());
            Assert.IsType<CommitCommand.ReadLog>(attempt.ReadBackFound("somebody else"));
            Assert.IsType<CommitCommand.ReadLog>(attempt.ReadBackFound(null));
            Assert.Equal(_tip.Version + 1, Committed(attempt.ReadBackFound(attempt.TransactionText)).Version);
        }
    }

    [Fact]
    public void An_overdue_put_reads_the_log_again_and_recognises_its_own_entry()
    {
        var attempt = Attempt(out var request);
        attempt.LogRead(_tip, null, 5);
        Assert.IsType<CommitCommand.ReadLog>(attempt.Overdue());
        var committed = Committed(attempt.LogRead(_tip with { Version = 9 }, Own(request), 5));
        Assert.Equal((1L, request.Run), (committed.Version, committed.Index.Added.Single()));
    }

    [Fact]
    public void Offsets_that_are_elsewhere_fence()
    {
        foreach (var stored in new[] { 0L, 1, 9, 10, 20 })
        {
            var outcome = Assert.IsType<CommitCommand.Done>(Attempt(out _, from: 5).LogRead(At(stored), null, 5)).Outcome;
            Assert.Contains($"stands at offset {stored} in the table, not at 5", Assert.IsType<CommitOutcome.Fenced>(outcome).Why, StringComparison.Ordinal);
        }

        Assert.IsType<CommitCommand.Put>(Attempt(out _, from: 5).LogRead(At(5), null, 5));
        Assert.IsType<CommitCommand.Put>(Attempt(out _, from: 5).LogRead(_tip, null, 5));
    }

    [Fact]
    public void Runs_that_came_since_the_rows_were_deduplicated_overtake()
    {
        var rival = RivalCommits.Request(0, 3, 0, id: 9).Run!;
        var index = LogIndex.Empty.Apply(new([rival], [], rival.Keys, rival.Sum), false, 4);
        var overtaken = Assert.IsType<CommitOutcome.Overtaken>(Assert.IsType<CommitCommand.Done>(Attempt(out _).LogRead(_tip with { Version = 5, Index = index }, null, 5)).Outcome);
        Assert.Equal((5L, rival), (overtaken.Version, overtaken.NewRuns.Single()));
        Assert.IsType<CommitCommand.Put>(Attempt(out _, deduplicatedAt: 4).LogRead(_tip with { Version = 5, Index = index }, null, 5));
        var empty = new CommitAttempt(RivalCommits.Request(0, 3, 0, hasRun: false) with { Files = [] }, _tip.Metadata!, RivalCommits.AppIdOf, 3);
        Assert.IsType<CommitCommand.Put>(empty.LogRead(_tip with { Version = 5, Index = index }, null, 5));
    }

    [Fact]
    public void A_table_that_is_another_one_now_stops_the_worker()
    {
        var metadata = _tip.Metadata!;
        foreach (var (other, why) in new (Snapshot, string)[]
        {
            (_tip with { Metadata = metadata with { Id = "other" } }, "the table was re-created"),
            (_tip with { Protocol = new LogAction.Protocol(3, 7, [], []) }, "needs Delta reader version 3"),
            (_tip with { Metadata = metadata with { PartitionColumns = ["department"] } }, "partition columns were changed"),
            (_tip with { Metadata = metadata with { Configuration = metadata.Configuration.SetItem(TableSpec.DedupKey, "v2") } }, "what counts as a duplicate was changed"),
            (_tip with { Metadata = metadata with { Configuration = metadata.Configuration.SetItem("delta.enableChangeDataFeed", "true") } }, "delta.enableChangeDataFeed is 'true'"),
            (_tip with { Metadata = metadata with { SchemaString = metadata.SchemaString.Replace("\"v\"", "\"w\"", StringComparison.Ordinal) } }, "column 'v' is not in the table"),
            (_tip with { Metadata = metadata with { SchemaString = metadata.SchemaString.Replace("long", "string", StringComparison.Ordinal) } }, "column 'v' is string in the table and long in the contract"),
            (_tip with { Index = LogIndex.Unknown }, "which index runs are valid"),
        })
        {
            var stopped = Assert.IsType<CommitOutcome.Stopped>(Assert.IsType<CommitCommand.Done>(Attempt(out _).LogRead(other, null, 5)).Outcome);
            Assert.Contains(why, stopped.Why, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Our_own_entry_wins_over_everything_that_came_after_it() =>
        Assert.Equal(1, Committed(Planned(out var request).LogRead(At(99) with { Protocol = null }, Own(request), 5)).Version);

    [Fact]
    public void A_request_committed_in_an_earlier_call_is_recognised_with_what_its_entry_did_to_the_index()
    {
        var committed = Committed(Attempt(out var request).LogRead(At(10), Own(request), 5));
        Assert.Equal([request.Run!], committed.Index.Added);
    }

    private static async ValueTask<Snapshot> OpenAsync() => (await RivalCommits.OpenAsync(new MemoryStore())).Current;

    private static CommitOutcome.Committed Committed(CommitCommand command) => Assert.IsType<CommitOutcome.Committed>(Assert.IsType<CommitCommand.Done>(command).Outcome);

    private Snapshot At(long offset) => _tip with { Txns = _tip.Txns.SetItem(RivalCommits.AppIdOf(RivalCommits.Source), offset) };

    private static (long, IndexDelta)? Own(CommitRequest request) => (1, new IndexDelta([request.Run!], [], request.Run!.Keys, request.Run.Sum));

    private CommitAttempt Planned(out CommitRequest request)
    {
        var attempt = Attempt(out request);
        attempt.LogRead(_tip, null, 5);
        return attempt;
    }

    private CommitAttempt Attempt(out CommitRequest request, long from = 0, long deduplicatedAt = 0) =>
        new(request = RivalCommits.Request(from, 10, deduplicatedAt), _tip.Metadata!, RivalCommits.AppIdOf, 3);
}
