using Ingest.Core;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Tests.Stores;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Pool.Delta;

/// <summary>The rules of a commit, one at a time, without any store.</summary>
public sealed class CommitAttemptTests
{
    private static readonly Guid s_id = new("0f8fad5b-d9cb-469f-a165-70867728950e");

    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));

    [Theory]
    [InlineData(4, 6, null)]
    [InlineData(3, 6, "stands at offset 4")]
    [InlineData(5, 6, "stands at offset 4")]
    [InlineData(2, 4, "stands at offset 4")]
    public async Task A_range_must_start_where_the_table_stands(long from, long to, string? fence)
    {
        var tip = await TableAsync(commits: 2);
        var done = Attempt(tip, Commits.Request(s_id, 0, from, to, tip.Version, 77)).LogRead(tip, null, 0);
        if (fence is null) Assert.IsType<CommitCommand.Put>(done);
        else Assert.Contains(fence, Assert.IsType<CommitOutcome.Fenced>(Assert.IsType<CommitCommand.Done>(done).Outcome).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_partition_that_the_table_never_saw_may_start_anywhere()
    {
        var tip = await TableAsync(commits: 1);
        var put = Assert.IsType<CommitCommand.Put>(Attempt(tip, Commits.Request(s_id, 5, 1_000_000, 1_000_001, tip.Version, 77)).LogRead(tip, null, 0));
        Assert.Equal(1_000_001, Assert.Single(put.Entry.OfType<LogAction.Txn>()).Version);
    }

    [Fact]
    public async Task Runs_that_rivals_added_must_be_looked_at_first_unless_there_are_no_rows()
    {
        var tip = await TableAsync(commits: 3);
        var overtaken = Assert.IsType<CommitCommand.Done>(Attempt(tip, Commits.Request(s_id, 1, 0, 1, deduplicatedAt: 1, 77)).LogRead(tip, null, 0));
        Assert.Equal(2, Assert.IsType<CommitOutcome.Overtaken>(overtaken.Outcome).NewRuns.Count);
        Assert.Equal(3, ((CommitOutcome.Overtaken)overtaken.Outcome).Version);
        Assert.IsType<CommitCommand.Put>(Attempt(tip, Commits.Request(s_id, 1, 0, 1, deduplicatedAt: 1)).LogRead(tip, null, 0));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_merge_of_runs_that_are_not_all_valid_any_more_is_left_out(bool valid)
    {
        var tip = await TableAsync(commits: 3);
        var merged = new[] { tip.Index.Runs[0], valid ? tip.Index.Runs[1] : tip.Index.Runs[1] with { Name = "gone.run" } };
        var merge = new RunMerge(merged, Commits.Run("merged.run", 1, 3));
        var put = Assert.IsType<CommitCommand.Put>(Attempt(tip, Commits.Request(s_id, 1, 0, 1, tip.Version, 77) with { Merge = merge }).LogRead(tip, null, 0));
        var after = tip.Apply(put.Version, put.Entry);
        Assert.True(after.Index.IsKnown);
        Assert.Equal(4, after.Index.TotalKeys);
        Assert.Equal(valid ? 3 : 4, after.Index.Runs.Length);
    }

    [Fact]
    public async Task Times_never_go_back_though_the_clock_does()
    {
        var tip = await TableAsync(commits: 1);
        var put = Assert.IsType<CommitCommand.Put>(Attempt(tip, Commits.Request(s_id, 0, 2, 3, tip.Version, 77)).LogRead(tip, null, nowMs: 5));
        Assert.Equal(tip.LastTimestamp + 1, put.Entry.OfType<LogAction.Info>().Single().Content.Timestamp);
        Assert.All(put.Entry.OfType<LogAction.Txn>(), t => Assert.Equal(tip.LastTimestamp + 1, t.LastUpdated));
    }

    [Fact]
    public async Task Another_writers_change_of_the_table_stops_us_unless_it_only_adds_columns()
    {
        var tip = await TableAsync(commits: 1);
        var metadata = tip.Metadata!;
        Assert.Contains("re-created", Stopped(metadata with { Id = "another" }), StringComparison.Ordinal);
        Assert.Contains("partition columns", Stopped(metadata with { PartitionColumns = [] }), StringComparison.Ordinal);
        Assert.Contains("duplicate", Stopped(metadata with { Configuration = metadata.Configuration.SetItem(TableSpec.DedupKey, "v2") }), StringComparison.Ordinal);
        Assert.Contains("columnMapping", Stopped(metadata with { Configuration = metadata.Configuration.SetItem("delta.columnMapping.mode", "name") }), StringComparison.Ordinal);
        Assert.Contains("schema", Stopped(metadata with { SchemaString = metadata.SchemaString.Replace("\"plate\",\"type\":\"string\"", "\"plate\",\"type\":\"long\"", StringComparison.Ordinal) }), StringComparison.Ordinal);
        Assert.Null(Stopped(metadata with { SchemaString = metadata.SchemaString.Replace("]}", """,{"name":"colour","type":"string","nullable":true,"metadata":{}}]}""", StringComparison.Ordinal) }));

        string? Stopped(LogAction.Metadata changed)
        {
            var command = Attempt(tip, Commits.Request(s_id, 0, 2, 3, tip.Version, 77)).LogRead(tip.Apply(tip.Version + 1, [changed]), null, 0);
            return command is CommitCommand.Done { Outcome: CommitOutcome.Stopped stopped } ? stopped.Why : null;
        }
    }

    [Fact]
    public async Task A_request_that_contradicts_itself_is_a_bug()
    {
        var tip = await TableAsync(commits: 1);
        var good = Commits.Request(s_id, 0, 2, 3, tip.Version, 77);
        Assert.Throws<ArgumentException>(() => Attempt(tip, good with { Ranges = [.. good.Ranges, .. good.Ranges] }));
        Assert.Throws<ArgumentException>(() => Attempt(tip, good with { Ranges = [Commits.Account(0, 2, 2, 0)] }));
        Assert.Throws<ArgumentException>(() => Attempt(tip, good with { Run = null }));
    }

    private static CommitAttempt Attempt(Snapshot tip, CommitRequest request) => new(request, tip.Metadata!, Commits.AppIdOf, 3);

    private async Task<Snapshot> TableAsync(int commits)
    {
        var ids = new SeededIdSource(1);
        var table = await Commits.OpenAsync(new MemoryStore(_time), ids, _time);
        await Commits.FillAsync(table, ids, commits);
        return table.Current;
    }
}
