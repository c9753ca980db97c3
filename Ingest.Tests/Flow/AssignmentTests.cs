using Ingest.Core.Transfers;
using Ingest.Tests.EndToEnd;

namespace Ingest.Tests.Flow;

/// <summary>Partitions come, go and stop in awkward orders; what the worker says it reads is what it reads.</summary>
public sealed class AssignmentTests
{
    private const string Row = """{"id":"A1","paid_on":"2026-03-02"}""";

    /// <summary>The source hears of new rights when it next looks; a hand-over may be on its way already, under the old ones.</summary>
    [Fact]
    public async Task A_partition_that_is_handed_over_just_after_everything_was_read_again_is_gone()
    {
        await using var worker = new ScriptedWorker();
        var rights = await worker.AssignAsync();
        await worker.OfferAsync(rights[0]!, 0, Row);
        await worker.UntilAsync(s => s is { Transfers: 1, AssignedPartitions: 2 });
        var sink = await worker.Source.Sink;

        await worker.WithTime(sink.LostAsync([rights[0]!]));
        Assert.Contains(worker.Source.Moves, m => m.Old == rights[1] && m.Next is not null);
        await worker.WithTime(sink.RevokedAsync([rights[1]!]));
        Assert.All(worker.Source.Moves, m => Assert.False(m.Next?.IsHeld));
        await worker.UntilAsync(s => s.AssignedPartitions == 0);
    }

    [Fact]
    public async Task A_partition_that_was_halted_when_it_came_is_no_more_of_this_workers_business_when_it_has_gone()
    {
        await using var worker = new ScriptedWorker(with: o => o with { Batching = new() { FlushAfter = TimeSpan.Zero } });
        var rights = await worker.AssignAsync();
        await worker.OfferAsync(rights[0]!, 0, Row);
        await worker.UntilAsync(s => s.CommittedRows == 1);
        var sink = await worker.Source.Sink;
        await worker.WithTime(sink.RevokedAsync([rights[0]!, rights[1]!]));

        Assert.Null((await worker.AssignAsync(start: 5))[0]);
        await worker.UntilAsync(s => s.Halted.Count == 1);
        await worker.WithTime(sink.RevokedAsync([new CommitRight(ScriptedWorker.First, 10)]));
        await worker.UntilAsync(s => s is { Halted.Count: 0, AssignedPartitions: 1 });
    }

    [Fact]
    public async Task A_topic_that_was_replaced_while_it_was_read_stops_with_the_ways_to_go_on()
    {
        await using var worker = new ScriptedWorker(with: o => o with { Batching = new() { FlushAfter = TimeSpan.Zero } });
        var rights = await worker.AssignAsync(topicId: "old");
        await worker.OfferAsync(rights[0]!, 0, Row);
        await worker.UntilAsync(s => s.CommittedRows == 1);
        var sink = await worker.Source.Sink;
        sink.Faulted(rights[0]!, 1, new PartitionBounds(ScriptedWorker.First, 0, 30, "new"), "another topic");
        await worker.UntilAsync(s => s.Halted.Count == 1);
        Assert.StartsWith($"{ScriptedWorker.First}: table 'payments' has read offsets below 1 of the topic with id old, and the topic of that name now has id new", worker.Status.Halted[0], StringComparison.Ordinal);
        Assert.Contains("holds 30 offsets [0, 30) that nobody has read", worker.Status.Halted[0], StringComparison.Ordinal);
        Assert.Contains($"pool accept-topic --topic {City.Topic} --id new", worker.Status.Halted[0], StringComparison.Ordinal);
    }

    /// <summary>The process ends with 3 for it: it stood still, and nobody else has said so.</summary>
    [Fact]
    public async Task A_partition_that_was_stopped_while_it_was_read_is_what_a_worker_ends_with()
    {
        await using var worker = new ScriptedWorker();
        var rights = await worker.AssignAsync();
        worker.Source.AtEnd = sink => sink.RevokedAsync([rights[0]!, rights[1]!]);
        (await worker.Source.Sink).Faulted(rights[0]!, 1, null, "it is gone");
        await worker.UntilAsync(s => s.Halted.Count == 1);
        worker.Stop();
        await worker.EndAsync();
        Assert.Equal(["it is gone"], worker.Status.Halted);
    }

    /// <summary>Nothing of it can be committed any more, and it would keep its share of the budget from the other tables for ever.</summary>
    [Fact]
    public async Task What_is_open_for_a_table_that_turns_out_to_be_another_one_is_let_go()
    {
        await using var worker = new ScriptedWorker();
        var rights = await worker.AssignAsync();
        await worker.OfferAsync(rights[0]!, 0, Row);
        await worker.UntilAsync(s => s.OldestUncommitted > TimeSpan.Zero);

        await worker.Store.DeleteAsync("payments/_delta_log/00000000000000000000.json", CancellationToken.None);
        await worker.WithTime((await worker.Source.Sink).AssigningAsync());
        await worker.UntilAsync(s => s.Halted.Count == 2);
        await worker.UntilAsync(s => s.OldestUncommitted == TimeSpan.Zero);
    }

    /// <summary>The ends are in the order in which records came, not in that of offsets without any.</summary>
    [Fact]
    public async Task A_record_is_as_old_as_itself_however_long_its_table_had_nothing_to_commit()
    {
        string[] contracts = ["bus", "tram"];
        await using var worker = new ScriptedWorker(
            with: o => o with { Batching = new() { FlushAfter = TimeSpan.FromMinutes(1) } },
            contracts: [.. contracts.Select(kind => City.Contract.Replace("dataset: payments", $"dataset: {kind}", StringComparison.Ordinal).Replace("format: json", $"format: json\nselect: {{ field: kind, equals: {kind} }}", StringComparison.Ordinal))]);
        var rights = await worker.AssignAsync();
        await worker.OfferAsync(rights[0]!, 0, """{"kind":"bus","id":"A1","paid_on":"2026-03-02"}""");
        await worker.UntilAsync(s => s.CommittedRows == 1, TimeSpan.FromSeconds(10));
        worker.Time.Advance(TimeSpan.FromMinutes(50));

        // The tram table has had this partition's first offset open since then, without a record of its own.
        await worker.OfferAsync(rights[0]!, 1, """{"kind":"tram","id":"A2","paid_on":"2026-03-02"}""");
        var oldest = TimeSpan.Zero;
        await worker.UntilAsync(s =>
        {
            oldest = s.OldestUncommitted > oldest ? s.OldestUncommitted : oldest;
            return s.CommittedRows == 2;
        });
        Assert.InRange(oldest, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2));
    }

    /// <summary>Whatever has taken the budget and does not give it back: the worker reads nothing more, commits nothing more, and must not look well.</summary>
    [Fact]
    public async Task A_worker_that_is_paused_for_nothing_says_what_it_does_not_read()
    {
        await using var worker = new ScriptedWorker();
        await worker.AssignAsync();
        Assert.True(worker.Budget.TryLease(worker.Budget.TotalBytes / 10 * 9, out var leak));
        await worker.UntilAsync(s => s.IsPaused);
        await worker.UntilAsync(s => s.Unread.Count == 2, TimeSpan.FromSeconds(1));
        leak.Dispose();
        await worker.UntilAsync(s => !s.IsPaused);
    }
}
