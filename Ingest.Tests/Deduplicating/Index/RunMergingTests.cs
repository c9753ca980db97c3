using Ingest.Core.Deduplicating.Index;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Deduplicating.Index;

public sealed class RunMergingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(300)]
    [InlineData(50_000)]
    public void However_large_a_table_grows_runs_stay_few_and_a_key_is_rewritten_once_a_tier(int commitKeys)
    {
        const int Commits = 30_000;
        var runs = new List<RunDescriptor>();
        var rewritten = 0L;
        for (var commit = 0; commit < Commits; commit++)
        {
            runs.Add(Run($"c{commit}", commitKeys));
            while (RunMerging.Plan(runs) is { } due)
            {
                foreach (var run in due) runs.Remove(run);
                runs.Add(Run($"m{commit}-{runs.Count}", due.Sum(r => r.Keys)));
                rewritten += due.Sum(r => r.Keys);
            }

            Assert.InRange(runs.Count, 1, (RunMerging.Tier(commit * (long)commitKeys) + 1) * (IndexSizes.MergeRuns - 1));
        }

        var factor = commitKeys < IndexSizes.TierKeys ? 2 : 1;
        Assert.InRange(rewritten / ((double)Commits * commitKeys), 1, factor * Math.Log(Commits, IndexSizes.MergeRuns));
    }

    [Fact]
    public void Runs_of_the_last_tier_stay_as_they_are_and_no_merge_is_larger_than_its_bound()
    {
        var last = Enumerable.Range(0, 30).Select(i => Run($"l{i}", (long)IndexSizes.TierKeys << (3 * (IndexSizes.MergedTierMax + 1)))).ToArray();
        Assert.Equal(IndexSizes.MergedTierMax + 1, RunMerging.Tier(last[0].Keys));
        Assert.Null(RunMerging.Plan(last));
        var large = Enumerable.Range(0, 16).Select(i => Run($"x{i}", IndexSizes.MergedKeysMax / 5)).ToArray();
        if (RunMerging.Tier(large[0].Keys) <= IndexSizes.MergedTierMax) Assert.Equal(5, RunMerging.Plan(large)!.Count);
        var behind = Enumerable.Range(0, 100).Select(i => Run($"b{i:D3}", IndexSizes.TierKeys)).ToArray();
        Assert.Equal(IndexSizes.MergeRunsMax, RunMerging.Plan(behind.Concat(last))!.Count);
    }

    [Fact]
    public async Task A_merge_is_held_back_to_its_rate()
    {
        var time = new FakeTimeProvider();
        var pace = new MergePace(1000, time);
        await pace.HoldAsync(0, CancellationToken.None);
        var held = pace.HoldAsync(5000, CancellationToken.None).AsTask();
        time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(held.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));
        await held;

        // It had its time meanwhile: not held.
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.True(pace.HoldAsync(50_000, CancellationToken.None).AsTask().IsCompletedSuccessfully);
        using var stop = new CancellationTokenSource();
        var cancelled = pace.HoldAsync(1_000_000, stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
    }

    [Fact]
    public async Task Runs_in_the_hand_of_one_merge_are_left_alone_by_the_next()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        foreach (var keys in IndexWorld.Keys(new Random(1), 200).Chunk(10)) await world.CommitAsync(keys);
        var first = world.Index.PlanMerge()!;
        var second = world.Index.PlanMerge(first.Select(r => r.Name).ToHashSet());
        Assert.Empty((second ?? []).Intersect(first));
    }

    private static RunDescriptor Run(string name, long keys) => new(name, keys, 0, 0);
}
