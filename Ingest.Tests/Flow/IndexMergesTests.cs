using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Flow.Runtime;
using Ingest.Tests.Deduplicating.Index;
using Ingest.Worker.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

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

    [Fact]
    public void Damage_of_the_index_is_a_reason_to_stop_with_one_line_that_says_how_to_go_on()
    {
        var damage = new IndexDamagedException("a.run", "page 3 of 9 does not match its checksum.");
        Assert.True(Refusal.IsOne(damage));
        Assert.Contains("pool reindex", damage.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', damage.Message);
    }

    private static IndexMerges Merges(IndexWorld world) => new(world.Index, "cars", TimeProvider.System, TaskScheduler.Default, NullLogger.Instance);
}
