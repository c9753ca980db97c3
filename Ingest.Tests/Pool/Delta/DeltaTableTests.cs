using System.Collections.Immutable;
using Ingest.Core;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Tests.Stores;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Pool.Delta;

/// <summary>A table's log against a store that behaves as stores do.</summary>
public sealed class DeltaTableTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));
    private readonly SeededIdSource _ids = new(42);
    private readonly MemoryStore _memory;

    public DeltaTableTests() => _memory = new MemoryStore(_time);

    [Fact]
    public async Task Of_two_that_create_a_table_both_open_the_winners()
    {
        var one = await OpenAsync();
        var two = await OpenAsync();
        Assert.Equal(one.Current.TableId, two.Current.TableId);
        Assert.Equal(0, two.Current.Version);
        Assert.Equal("v1 content(plate)", two.Opened.Configuration[TableSpec.DedupKey]);
    }

    [Fact]
    public async Task A_lost_reply_to_the_creation_creates_one_table()
    {
        var faulty = new FaultyStore(_memory, _time).Plan(PlannedFault.LostReply with { Times = 1 });
        Assert.Equal(0, (await Commits.OpenAsync(faulty, _ids, _time)).Current.Version);
        var unheard = new FaultyStore(new MemoryStore(_time), _time).Plan(PlannedFault.LostReply with { AfterActing = false, Times = 2 });
        Assert.Equal(0, (await Commits.OpenAsync(unheard, _ids, _time)).Current.Version);
    }

    /// <summary>Made anew, it would hold rows again that its sealed files show already, and lose what the brokers have no more.</summary>
    [Theory]
    [InlineData("recent/department=housing/part-1.zstd.parquet")]
    [InlineData("_index/1.run")]
    public async Task A_table_whose_log_is_gone_is_not_a_new_one(string left)
    {
        await _memory.CreateAsync(left, new byte[1], s_none);
        var refused = await Assert.ThrowsAsync<TableRefusedException>(async () => await OpenAsync());
        Assert.Contains(left, refused.Message, StringComparison.Ordinal);
        await _memory.DeleteAsync(left, s_none);
        Assert.Equal(0, (await OpenAsync()).Current.Version);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_lost_reply_to_a_commit_is_settled_by_reading_back(bool arrived)
    {
        var faulty = new FaultyStore(_memory, _time);
        var table = await Commits.OpenAsync(faulty, _ids, _time);
        faulty.Plan(PlannedFault.LostReply with { AfterActing = arrived, Times = 1 });
        Assert.Equal(1, Commits.Committed(await CommitAsync(table, 0, 5, 1)).Version);
        Assert.Equal(1, faulty.Struck);
        Assert.Equal(5, table.Current.Txns[Commits.AppIdOf(Commits.Source(0))]);
    }

    [Fact]
    public async Task Of_two_workers_with_the_same_range_one_is_fenced()
    {
        var one = await OpenAsync();
        var two = await OpenAsync();
        Commits.Committed(await CommitAsync(one, 0, 10, 1));
        var fenced = Assert.IsType<CommitOutcome.Fenced>(await two.CommitAsync(Commits.Request(_ids.Next(), 0, 0, 20, 0, 1, 2), Commits.AppIdOf, s_none));
        Assert.Contains("stands at offset 10", fenced.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_put_that_hangs_past_its_deadline_is_read_back_and_the_log_read_again()
    {
        var faulty = new FaultyStore(_memory, _time);
        var table = await Commits.OpenAsync(faulty, _ids, _time);
        faulty.Plan(new PlannedFault { Operations = StoreOperations.Create, Fault = null, Delay = TimeSpan.FromHours(1), Times = 1 });
        var commit = CommitAsync(table, 0, 5, 1);
        Assert.False(commit.IsCompleted);

        // Somebody else is faster with the slot meanwhile.
        Commits.Committed(await CommitAsync(await OpenAsync(), 0, 3, 9, partition: 1));
        _time.Advance(TimeSpan.FromMinutes(6));
        var overtaken = Assert.IsType<CommitOutcome.Overtaken>(await commit.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(1, overtaken.Version);
    }

    [Fact]
    public async Task A_writer_that_slept_until_the_log_was_cleaned_goes_on_from_the_checkpoint()
    {
        var sleeper = await OpenAsync();
        Commits.Committed(await CommitAsync(sleeper, 0, 2, 1));
        var other = await OpenAsync();
        await Commits.FillAsync(other, _ids, 5, partition: 1);
        await other.WriteCheckpointAsync(6, s_none);
        await Commits.FillAsync(other, _ids, 1, partition: 1);
        for (var old = 0; old < 6; old++) await _memory.DeleteAsync(LogNames.Entry(old), s_none);

        // The slot behind the newest entry that the sleeper knows is free again: putting there would write into the past.
        var overtaken = Assert.IsType<CommitOutcome.Overtaken>(await CommitAsync(sleeper, 2, 4, 2));
        Assert.Equal(7, overtaken.Version);
        Assert.Equal(8, Commits.Committed(await sleeper.CommitAsync(Commits.Request(_ids.Next(), 0, 2, 4, 7, 2), Commits.AppIdOf, s_none)).Version);
        Assert.Null(await _memory.SizeAsync(LogNames.Entry(2), s_none));
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("re-created")]
    [InlineData("cut")]
    public async Task A_table_that_was_replaced_under_a_writer_stops_it(string how)
    {
        var table = await OpenAsync();
        await Commits.FillAsync(table, _ids, 2);
        for (var version = how == "cut" ? 2 : 0; version <= 2; version++) await _memory.DeleteAsync(LogNames.Entry(version), s_none);
        if (how == "re-created") await Commits.FillAsync(await Commits.OpenAsync(_memory, new SeededIdSource(5), _time), new SeededIdSource(6), 7);
        var before = _memory.Count;
        var stopped = Assert.IsType<CommitOutcome.Stopped>(await CommitAsync(table, 4, 6, 50));
        Assert.NotEmpty(stopped.Why);
        Assert.Equal(before, _memory.Count);
    }

    public static TheoryData<string, string> Refusals => new()
    {
        { "partition", "Partitioning cannot change" },
        { "dedup", "what counts as a duplicate" },
        { "type", "A column's type cannot change" },
        { "reader", "reader version 3" },
        { "property", "delta.enableChangeDataFeed" },
        { "constraint", "delta.constraints.positive" },
        { "not null", "must not be null" },
        { "default", "CURRENT_DEFAULT" },
        { "foreign", "made by another program" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_table_that_is_not_what_the_contract_says_is_refused(string what, string sentence)
    {
        var opened = (await OpenAsync()).Opened;
        var spec = what switch
        {
            "partition" => Commits.Spec with { PartitionColumns = [] },
            "dedup" => Commits.Spec with { DedupSignature = "v1 identity(plate)" },
            "type" => Commits.Spec with { SchemaString = Commits.Schema.Replace("\"plate\",\"type\":\"string\"", "\"plate\",\"type\":\"long\"", StringComparison.Ordinal) },
            _ => Commits.Spec,
        };
        LogAction? change = what switch
        {
            "reader" => new LogAction.Protocol(3, 7, ["deletionVectors"], ["deletionVectors"]),
            "property" => opened with { Configuration = opened.Configuration.SetItem("delta.enableChangeDataFeed", "true") },
            "constraint" => opened with { Configuration = opened.Configuration.SetItem("delta.constraints.positive", "plate > 0") },
            "not null" => opened with { SchemaString = Commits.Schema.Replace("\"nullable\":true", "\"nullable\":false", StringComparison.Ordinal) },
            "default" => opened with { SchemaString = Commits.Schema.Replace("\"metadata\":{}", "\"metadata\":{\"CURRENT_DEFAULT\":\"0\"}", StringComparison.Ordinal) },
            "foreign" => opened with { Configuration = ImmutableSortedDictionary<string, string>.Empty },
            _ => null,
        };
        if (change is not null) await _memory.CreateAsync(LogNames.Entry(1), LogJson.Write([change]), s_none);
        var refused = await Assert.ThrowsAsync<TableRefusedException>(async () => await Commits.OpenAsync(_memory, _ids, _time, spec));
        Assert.Contains(sentence, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task New_columns_are_added_once_though_two_workers_bring_them()
    {
        await Commits.FillAsync(await OpenAsync(), _ids, 1);
        var wider = Commits.Spec with { SchemaString = Commits.Schema.Replace("]}", """,{"name":"colour","type":"string","nullable":true,"metadata":{}}]}""", StringComparison.Ordinal) };
        var one = await Commits.OpenAsync(_memory, _ids, _time, wider);
        var two = await Commits.OpenAsync(_memory, _ids, _time, wider);
        var old = await OpenAsync();
        Assert.Equal(2, two.Current.Version);
        Assert.Equal(one.Current.TableId, two.Current.TableId);
        Assert.Equal(["plate", "department", "colour"], TableSupport.Columns(old.Current.Metadata!.SchemaString).Keys);
        Commits.Committed(await CommitAsync(old, 2, 4, 3));
    }

    [Fact]
    public async Task A_rebuilt_index_is_published_only_on_top_of_what_it_was_built_from()
    {
        var table = await OpenAsync();
        await Commits.FillAsync(table, _ids, 2);
        var rebuilt = Commits.Run("rebuilt.run", 1, 3);
        Assert.False(await table.ReplaceIndexAsync([rebuilt], 1, s_none));
        Assert.True(await table.ReplaceIndexAsync([rebuilt], 2, s_none));
        Assert.Equal([rebuilt], table.Current.Index.Runs);
        Assert.Equal(table.Current.KeySum, table.Current.Index.TotalSum);
    }

    [Fact]
    public async Task Removed_files_leave_the_counts_in_an_open_table_as_in_a_fresh_one()
    {
        var table = await OpenAsync();
        await Commits.FillAsync(table, _ids, 3);
        var file = (await LogReader.LiveFilesAsync(_memory, 3, s_none)).Values.First();
        await _memory.CreateAsync(LogNames.Entry(4), LogJson.Write([new LogAction.Remove(file.Path, 1, false, file.PartitionValues, file.Size)]), s_none);
        var refreshed = await table.RefreshAsync(s_none);
        Assert.Equal(2, refreshed.LiveRows);
        Assert.False(refreshed.HasUntaggedFiles);
        Assert.Equal(Commits.Text((await LogReader.LoadAsync(_memory, s_none))!), Commits.Text(refreshed));
    }

    private ValueTask<DeltaTable> OpenAsync() => Commits.OpenAsync(_memory, _ids, _time);

    private Task<CommitOutcome> CommitAsync(DeltaTable table, long from, long to, UInt128 key, int partition = 0) =>
        table.CommitAsync(Commits.Request(_ids.Next(), partition, from, to, table.Current.Version, key), Commits.AppIdOf, s_none).AsTask();
}
