using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Transfers;
using Ingest.Tests.Contracts;
using Ingest.Tests.Stores;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Pool.Delta;

public sealed class RivalDeltaTableTests
{
    private readonly MemoryStore _store = new();

    [Fact]
    public async Task The_second_to_open_a_table_finds_the_first_ones()
    {
        var first = await RivalCommits.OpenAsync(_store, 1);
        var second = await RivalCommits.OpenAsync(_store, 2);
        Assert.Equal((0, first.Current.TableId), (second.Current.Version, second.Current.TableId));
        Assert.Equal("v2;date=d;content;department,d:date,v:integer;_rescued", second.Opened.Configuration[TableSpec.DedupKey]);
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(0, 7)]
    [InlineData(0, 15)]
    [InlineData(5, 15)]
    [InlineData(30, 40)]
    public async Task A_second_worker_with_other_offsets_is_fenced(long from, long to)
    {
        var (first, second) = (await RivalCommits.OpenAsync(_store), await RivalCommits.OpenAsync(_store));
        await first.CommitManyAsync(1);
        var fenced = Assert.IsType<CommitOutcome.Fenced>(await second.CommitAsync(RivalCommits.Request(from, to, 0, id: 7)));
        Assert.Contains("police.cars/0 stands at offset 10", fenced.Why, StringComparison.Ordinal);
        Assert.Equal(1, (await LogReader.LoadAsync(_store, default))!.Version);
        Assert.IsType<CommitOutcome.Committed>(await second.CommitAsync(RivalCommits.Request(10, 12, 1, id: 8)));
    }

    [Fact]
    public async Task One_range_of_several_that_is_elsewhere_fences_the_whole_commit()
    {
        var table = await RivalCommits.OpenAsync(_store);
        await table.CommitManyAsync(1);
        var other = new TopicPartition("police.cars", 1);
        var request = RivalCommits.Request(0, 4, 1, source: other);
        Assert.IsType<CommitOutcome.Fenced>(await table.CommitAsync(request with { Ranges = [.. request.Ranges, RivalCommits.Account(9, 12, RivalCommits.Source)] }));
        Assert.IsType<CommitOutcome.Committed>(await table.CommitAsync(request with { Ranges = [.. request.Ranges, RivalCommits.Account(10, 12, RivalCommits.Source)] }));
        Assert.Equal([12L, 4], new[] { RivalCommits.Source, other }.Select(s => table.Current.Txns[RivalCommits.AppIdOf(s)]));
    }

    [Fact]
    public async Task A_lost_reply_is_recognised_as_our_own_commit()
    {
        var faulty = new FaultyStore(_store, TimeProvider.System);
        var table = await RivalCommits.OpenAsync(faulty);
        faulty.Plan(PlannedFault.LostReply with { NamePart = "_delta_log/", Times = 1 });
        var request = RivalCommits.Request(0, 10, 0);
        var committed = Assert.IsType<CommitOutcome.Committed>(await table.CommitAsync(request));
        Assert.Equal((1, 1L, 1L, 10L), (faulty.Struck, committed.Version, table.Current.Version, table.Current.LiveRows));
        Assert.Equal([request.Run!], committed.Index.Added);
    }

    [Fact]
    public async Task A_put_that_never_arrived_is_repeated_into_the_same_slot()
    {
        var faulty = new FaultyStore(_store, TimeProvider.System);
        var table = await RivalCommits.OpenAsync(faulty);
        faulty.Plan(PlannedFault.LostReply with { AfterActing = false, NamePart = "_delta_log/", Times = 3 });
        Assert.Equal(1, Assert.IsType<CommitOutcome.Committed>(await table.CommitAsync(RivalCommits.Request(0, 10, 0))).Version);
        Assert.Equal((3, 10L), (faulty.Struck, table.Current.LiveRows));
    }

    [Fact]
    public async Task A_put_that_comes_too_late_after_reading_is_not_made()
    {
        var time = new FakeTimeProvider();
        var faulty = new FaultyStore(_store, time);
        var table = await RivalCommits.OpenAsync(faulty, time: time);
        faulty.Plan(PlannedFault.LostReply with { AfterActing = false, NamePart = "_delta_log/", Times = 1, Delay = TimeSpan.FromMinutes(6) });
        var commit = table.CommitAsync(RivalCommits.Request(0, 10, 0)).AsTask();
        Assert.False(commit.IsCompleted);
        await (await RivalCommits.OpenAsync(_store)).CommitAsync(RivalCommits.Request(0, 3, 0, id: 5));
        time.Advance(TimeSpan.FromMinutes(7));
        Assert.IsType<CommitOutcome.Fenced>(await commit);
    }

    [Fact]
    public async Task Being_overtaken_names_the_rivals_runs_and_only_those()
    {
        var (first, second) = (await RivalCommits.OpenAsync(_store), await RivalCommits.OpenAsync(_store));
        await first.CommitManyAsync(1);
        await second.RefreshAsync(default);
        await first.CommitManyAsync(2);
        var request = RivalCommits.Request(0, 5, 1, id: 3, source: new TopicPartition("police.cars", 1));
        var overtaken = Assert.IsType<CommitOutcome.Overtaken>(await second.CommitAsync(request));
        Assert.Equal(3, overtaken.Version);
        Assert.Equal(["0-10-20-0.run", "0-20-30-0.run"], overtaken.NewRuns.Select(r => r.Name));
        Assert.IsType<CommitOutcome.Committed>(await second.CommitAsync(request with { DeduplicatedAt = overtaken.Version }));
        Assert.Equal((35L, 35L), (second.Current.LiveRows, second.Current.Index.TotalKeys));
    }

    [Fact]
    public async Task A_merge_is_published_alone_or_dropped_when_a_run_is_gone()
    {
        var table = await RivalCommits.OpenAsync(_store);
        await table.CommitManyAsync(2);
        var runs = table.Current.Index.Runs;
        var merged = new RunDescriptor("merged.run", 20, runs[0].Sum + runs[1].Sum, 90);
        var alone = RivalCommits.Request(20, 20, 2) with { Ranges = [], Merge = new RunMerge([.. runs], merged) };
        Assert.Equal(["merged.run"], Assert.IsType<CommitOutcome.Committed>(await table.CommitAsync(alone)).Index.Added.Select(r => r.Name));
        Assert.Equal([merged], table.Current.Index.Runs);
        var stale = RivalCommits.Request(20, 25, 3, id: 1, merge: new RunMerge([.. runs], merged with { Name = "again.run" }));
        Assert.Equal([stale.Run!], Assert.IsType<CommitOutcome.Committed>(await table.CommitAsync(stale)).Index.Added);
        Assert.Equal((25L, 2, true), (table.Current.Index.TotalKeys, table.Current.Index.Runs.Length, table.Current.Index.IsKnown));
    }

    [Fact]
    public async Task A_rebuilt_index_replaces_what_was_valid_unless_somebody_wrote_meanwhile()
    {
        var table = await RivalCommits.OpenAsync(_store);
        await table.CommitManyAsync(2);
        var whole = new RunDescriptor("whole.run", 20, table.Current.KeySum, 9);
        Assert.False(await table.ReplaceIndexAsync([whole], 1, default));
        Assert.True(await table.ReplaceIndexAsync([whole], 2, default));
        Assert.Equal([whole], table.Current.Index.Runs);
        Assert.Equal(RivalCommits.Show(table.Current), RivalCommits.Show(await LogReader.LoadAsync(_store, default)));
    }

    [Fact]
    public async Task Columns_of_a_newer_contract_are_added_behind_the_others()
    {
        var old = await RivalCommits.OpenAsync(_store);
        await old.CommitManyAsync(1);
        var wider = Plan("event_date: d\ndedup: { except: [w] }", "name: w, type: 'decimal(9,2)', protected: true", "name: d, type: date", "name: v, type: long");
        var table = await RivalCommits.OpenAsync(_store, 2, wider);
        Assert.Equal(old.Opened.SchemaString[..^2] + """,{"name":"w","type":"decimal(9,2)","nullable":true,"metadata":{"ingest.protected":"true"}}]}""", table.Opened.SchemaString);
        Assert.Equal((2, old.Opened.Id), (table.Current.Version, table.Opened.Id));
        Assert.IsType<CommitOutcome.Committed>(await old.CommitAsync(RivalCommits.Request(10, 12, 2)));
        Assert.Equal(3, (await RivalCommits.OpenAsync(_store)).Current.Version);
    }

    [Fact]
    public async Task Widening_outlasts_lost_answers()
    {
        await RivalCommits.OpenAsync(_store);
        var faulty = new FaultyStore(_store, TimeProvider.System).Plan(PlannedFault.LostReply with { NamePart = "_delta_log/", AfterActing = false, Times = 1 }).Plan(PlannedFault.LostReply with { NamePart = "_delta_log/", Times = 1 });
        var table = await RivalCommits.OpenAsync(faulty, 2, Plan("event_date: d\ndedup: { except: [w] }", "name: w, type: int", "name: d, type: date", "name: v, type: long"));
        Assert.Contains("\"w\"", table.Opened.SchemaString, StringComparison.Ordinal);
        Assert.Equal(1, table.Current.Version);
    }

    [Theory]
    [InlineData("event_date: d\npartition: [event_date]", "long", "Partitioning cannot change in place")]
    [InlineData("event_date: d\ndedup: { except: [v] }", "long", "changes what counts as a duplicate")]
    [InlineData("event_date: d", "string", "changes what counts as a duplicate")]
    [InlineData("event_date: d", "int", "column 'v' is long in the table and int in the contract")]
    public async Task A_contract_that_does_not_fit_the_table_is_refused(string more, string type, string why)
    {
        await RivalCommits.OpenAsync(_store);
        var refused = await Assert.ThrowsAsync<TableRefusedException>(async () => await RivalCommits.OpenAsync(_store, 2, Plan(more, "name: d, type: date", $"name: v, type: {type}")));
        Assert.StartsWith("Table 'cars'", refused.Message, StringComparison.Ordinal);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await LogReader.LoadAsync(_store, default))!.Version);
    }

    [Fact]
    public async Task A_table_that_another_engine_upgraded_is_refused()
    {
        var table = await RivalCommits.OpenAsync(_store);
        await _store.CreateAsync(LogNames.Entry(1), "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"deletionVectors\"],\"writerFeatures\":[\"deletionVectors\"]}}"u8.ToArray(), default);
        await Assert.ThrowsAsync<TableRefusedException>(async () => await RivalCommits.OpenAsync(_store));
        Assert.IsType<CommitOutcome.Stopped>(await table.CommitAsync(RivalCommits.Request(0, 10, 0)));
    }

    private static DatasetPlan Plan(string more, params string[] columns) => Yaml.Catalog(Yaml.Cars(more, columns)).Datasets[0];
}
