using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Flow.Runtime;
using Ingest.Tests.Deduplicating.Index;
using Ingest.Worker.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Flow;

public sealed class IndexMergesTests
{
    [Fact]
    public async Task Merges_are_published_by_later_commits_and_no_run_is_in_two_of_them()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var keys = IndexWorld.Keys(new Random(1), 400);
        using var merges = Merges(world);
        foreach (var batch in keys.Chunk(10))
        {
            await world.CommitAsync(batch);
            merges.Begin();
            await merges.CollectAsync();

            // A merge whose runs are gone would make this throw.
            if (merges.Take() is { } merge) await world.PublishAsync(merge);
        }

        while (world.Index.PlanMerge() is not null)
        {
            merges.Begin();
            await Task.Yield();
            await merges.CollectAsync();
            if (merges.Take() is { } merge) await world.PublishAsync(merge);
        }

        Assert.InRange(world.Index.Runs.Count, 1, 2 * IndexSizes.MergeRuns);
        Assert.DoesNotContain(false, world.Probe(keys).Present);
        await merges.StopAsync();
    }

    [Fact]
    public async Task A_merge_that_fails_is_begun_again_and_one_that_is_given_up_leaves_everything_as_it_was()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        foreach (var batch in IndexWorld.Keys(new Random(1), 80).Chunk(10)) await world.CommitAsync(batch);
        using var merges = Merges(world);
        world.FaultAfterCreate = false;
        merges.Begin();
        await merges.StopAsync();
        await merges.CollectAsync();
        Assert.Null(merges.Take());
        Assert.Equal(8, world.Index.Runs.Count);
        Assert.NotNull(world.Index.PlanMerge());
    }

    /// <summary>In a quiet table no commit comes to publish it, and vacuum takes a run that nothing names.</summary>
    [Fact]
    public async Task A_merge_that_waited_for_days_is_not_published_but_made_anew()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        foreach (var batch in IndexWorld.Keys(new Random(1), 80).Chunk(10)) await world.CommitAsync(batch);
        var clock = new SetClock();
        using var merges = Merges(world, clock);
        merges.Begin();
        clock.Set = TimeSpan.FromDays(3);
        RunMerge? taken;
        while ((taken = merges.Take()) is null)
        {
            // Until the old one has ended there is nothing to begin.
            merges.Begin();
            await Task.Yield();
            await merges.CollectAsync();
        }

        await world.PublishAsync(taken);
        await merges.StopAsync();
        var left = world.Objects.Keys.Count(n => !taken.Removed.Any(r => n.EndsWith(r.Name, StringComparison.Ordinal)));
        Assert.Equal(8 - taken.Removed.Count + 2, left);
    }

    /// <summary>It must keep neither the log nor the store busy: there may be a commit a second.</summary>
    [Fact]
    public async Task Merges_that_fail_are_begun_less_and_less_often_and_told_when_that_begins_and_is_over()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        foreach (var batch in IndexWorld.Keys(new Random(1), 80).Chunk(10)) await world.CommitAsync(batch);
        var (time, log) = (new FakeTimeProvider(), new RecordingLogger());
        using var merges = Merges(world, time, log);
        world.FaultAfterCreate = false;
        var begun = 0;
        for (var second = 0; second < 600; second++)
        {
            merges.Begin();
            begun += await EndedAsync(merges);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(begun, 4, 2 * 7); // after 10, 20, 40, 80, 160, 320 s, two at once
        Assert.Equal(["1016 Merging index runs of table 'cars' fails and is tried again, less and less often; ingest goes on: no answer"], log.Lines);

        world.FaultAfterCreate = null;
        time.Advance(TimeSpan.FromMinutes(10));
        merges.Begin();
        Assert.InRange(await EndedAsync(merges), 1, 2);
        Assert.NotNull(merges.Take());
        Assert.Equal("1022 Merging index runs of table 'cars' goes on", log.Lines[^1]);
        await merges.StopAsync();
    }

    /// <summary>A wall clock that was set, or went on while the machine slept.</summary>
    private sealed class SetClock : TimeProvider
    {
        public TimeSpan Set { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Set;
    }

    [Fact]
    public void Damage_of_the_index_is_a_reason_to_stop_with_one_line_that_says_how_to_go_on()
    {
        var damage = new IndexDamagedException("a.run", "page 3 of 9 does not match its checksum.");
        Assert.True(Refusal.IsOne(damage));
        Assert.Contains("pool reindex", damage.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', damage.Message);
    }

    /// <summary>Takes in what was begun, and says how many those were.</summary>
    private static async Task<int> EndedAsync(IndexMerges merges)
    {
        var begun = merges.Running;
        for (; merges.Running > 0; await merges.CollectAsync()) await Task.Yield();
        return begun;
    }

    private static IndexMerges Merges(IndexWorld world, TimeProvider? time = null, ILogger? log = null) => new(world.Index, "cars", time ?? TimeProvider.System, TaskScheduler.Default, log ?? NullLogger.Instance);
}
