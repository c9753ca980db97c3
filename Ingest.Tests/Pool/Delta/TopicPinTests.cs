using Ingest.Core;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Transfers;
using Ingest.Tests.Stores;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Pool.Delta;

/// <summary>Which topic a table has read, by the broker's id: kept beside the offsets, checked by every commit.</summary>
public sealed class TopicPinTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;
    private static readonly string s_appId = Commits.AppIdOf(Commits.Source(0));

    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));
    private readonly SeededIdSource _ids = new(42);
    private readonly MemoryStore _memory = new();

    [Fact]
    public async Task The_first_commit_that_knows_an_id_keeps_it_and_later_ones_do_not_repeat_it()
    {
        var table = await OpenAsync();
        await CommitAsync(table, 0, 5, null);
        Assert.Null(TopicPin.Of(table.Current, s_appId));
        await CommitAsync(table, 5, 10, "first");
        await CommitAsync(table, 10, 15, "first");
        await CommitAsync(table, 15, 20, null);
        Assert.Equal("first", TopicPin.Of(table.Current, s_appId));
        Assert.Equal(1, await PinsAsync());
    }

    [Fact]
    public async Task It_outlives_the_entries_that_a_checkpoint_replaces()
    {
        var table = await OpenAsync();
        await CommitAsync(table, 0, 5, "first");
        await CommitAsync(table, 5, 10, "first");
        await table.WriteCheckpointAsync(2, s_none);
        foreach (var version in new[] { 0, 1 }) await _memory.DeleteAsync(LogNames.Entry(version), s_none);
        Assert.Equal("first", TopicPin.Of((await LogReader.LoadAsync(_memory, s_none))!, s_appId));
    }

    [Fact]
    public async Task A_batch_that_was_read_from_another_topic_is_fenced()
    {
        var table = await OpenAsync();
        await CommitAsync(table, 0, 5, "first");
        var fenced = Assert.IsType<CommitOutcome.Fenced>(await TryAsync(table, 5, 10, "second"));
        Assert.Contains("vehicles/0 was read from the topic with id second, and the table knows it by id first", fenced.Why, StringComparison.Ordinal);
        Assert.Equal(5, table.Current.Txns[s_appId]);
    }

    [Fact]
    public async Task An_accepted_topic_counts_from_then_on_whoever_reads_the_log()
    {
        var table = await OpenAsync();
        Assert.Null(await table.AcceptTopicAsync("kafka", "vehicles", "second", s_none));
        await CommitAsync(table, 0, 5, "first");
        var rival = await OpenAsync();
        await CommitAsync(rival, 5, 10, "first");
        Assert.Equal(3, await table.AcceptTopicAsync("kafka", "vehicles", "second", s_none));
        Assert.Null(await table.AcceptTopicAsync("kafka", "vehicles", "second", s_none));
        Assert.Null(await table.AcceptTopicAsync("other", "vehicles", "third", s_none));
        await CommitAsync(rival, 10, 15, "second");
        Assert.Equal(4, await rival.AcceptTopicAsync("kafka", "vehicles", "first", s_none) - 1);
        Assert.Equal("first", TopicPin.Of((await LogReader.LoadAsync(_memory, s_none))!, s_appId));
    }

    private ValueTask<DeltaTable> OpenAsync() => Commits.OpenAsync(_memory, _ids, _time);

    private async Task CommitAsync(DeltaTable table, long from, long to, string? topicId) => Commits.Committed(await TryAsync(table, from, to, topicId));

    private ValueTask<CommitOutcome> TryAsync(DeltaTable table, long from, long to, string? topicId)
    {
        var request = Commits.Request(_ids.Next(), 0, from, to, table.Current.Version);
        return table.CommitAsync(request with { Ranges = [request.Ranges[0] with { Right = new CommitRight(Commits.Source(0), from, topicId) }] }, Commits.AppIdOf, s_none);
    }

    private async Task<int> PinsAsync()
    {
        var pins = 0;
        await foreach (var (_, actions) in LogReader.RetainedAsync(_memory, s_none)) pins += actions.OfType<LogAction.Txn>().Count(t => t.AppId.StartsWith("ingest-topic/", StringComparison.Ordinal));
        return pins;
    }
}
