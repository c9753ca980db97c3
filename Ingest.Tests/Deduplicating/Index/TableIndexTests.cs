using CsCheck;
using Ingest.Core;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Stores;
using Ingest.Tests.Stores;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Deduplicating.Index;

public sealed class TableIndexTests
{
    private enum Step
    {
        Commit, CommitMany, Refused, Merge, MergeRefused, Reopen, ReopenWithoutCache,
    }

    private static readonly Gen<(Step Step, int Seed)[]> s_histories = Gen.Select(
        Gen.Int[0, (int)Step.ReopenWithoutCache].Select(step => (Step)step),
        Gen.Int[0, 1_000_000],
        (step, seed) => (step, seed)).Array[1, 40];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Any_history_of_commits_merges_and_restarts_answers_like_a_dictionary(bool hasContents) =>
        s_histories.Sample(history => FollowAsync(history, hasContents).GetAwaiter().GetResult(), iter: 60, threads: 1);

    [Fact]
    public async Task Keys_that_share_a_half_are_kept_apart()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var keys = IndexWorld.Keys(new Random(3), IndexSizes.RecentRunKeysMax + 100).ToHashSet();
        for (ulong i = 0; i < 2000; i++)
        {
            keys.Add(new UInt128(0x1234_5678_9ABC_DEF0, i * 3));
            keys.Add(new UInt128(i * 3 << 40, 0x1234_5678_9ABC_DEF0));
        }

        await world.CommitAsync([.. keys]);
        Assert.Equal(1, world.Index.MappedRuns);
        Assert.DoesNotContain(false, world.Probe(keys).Present);
        var neighbours = keys.Select(k => k + 1).Concat(keys.Select(k => new UInt128((ulong)(k >> 64) + 1, (ulong)k))).Where(k => !keys.Contains(k));
        Assert.DoesNotContain(true, world.Probe(neighbours).Present);
    }

    [Fact]
    public async Task The_cost_of_a_lookup_is_bounded_by_the_tiers_and_memory_by_the_sizes()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var random = new Random(5);
        var keys = IndexSizes.RecentRunKeysMax / 2;
        for (var batch = 0; batch < 100; batch++)
        {
            await world.CommitAsync(IndexWorld.Keys(random, keys));
            while (world.Index.PlanMerge() is { } runs) await world.PublishAsync(await world.Index.MergeAsync(runs, CancellationToken.None));
            Assert.InRange(world.Index.MappedRuns, 0, 2 * IndexSizes.MergeRuns);
        }

        var slots = System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(IndexSizes.RecentKeysMax * 8L / 5));
        Assert.InRange(world.Index.ResidentBytes, 1, (slots * 20L) + (world.State.TotalKeys / 8));
    }

    [Fact]
    public async Task Each_lookup_is_told_when_it_has_touched_the_files()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var keys = IndexWorld.Keys(new Random(4), IndexSizes.RecentRunKeysMax * 2);
        await world.CommitAsync(keys);
        var (told, thread) = (0, Environment.CurrentManagedThreadId);
        void LookedUp() => told += Environment.CurrentManagedThreadId == thread ? 1 : 0;
        MappedFile.LookedUp += LookedUp;
        try
        {
            world.Probe(keys);
        }
        finally
        {
            MappedFile.LookedUp -= LookedUp;
        }

        // All keys are there, so that each is looked for in its block: the lookup is told long before its end, and at it.
        Assert.InRange(told, (keys.Length / 1024) + 1, keys.Length);
    }

    /// <summary>A merged run is hundreds of megabytes: written in one call, they would all be the process's before anybody looked.</summary>
    [Fact]
    public async Task Who_asks_for_a_piece_of_a_file_is_told_and_a_local_pool_asks_piece_by_piece()
    {
        using var folder = new TemporaryFolder();
        var content = new byte[(20 << 20) + 1];
        new Random(6).NextBytes(content);
        var path = Path.Combine(folder.Path, "large");
        await File.WriteAllBytesAsync(path, content);
        using (var file = new MappedFile(path, "large", content.Length))
        {
            var (told, thread) = (0, Environment.CurrentManagedThreadId);
            void LookedUp() => told += Environment.CurrentManagedThreadId == thread ? 1 : 0;
            var whole = file.Memory(0, content.Length);
            MappedFile.LookedUp += LookedUp;
            Assert.True(whole.Span.SequenceEqual(content));
            MappedFile.LookedUp -= LookedUp;
            Assert.Equal(1, told);
        }

        using var asked = new AskedMemory(content);
        var store = new LocalStore(Path.Combine(folder.Path, "pool"), IdSource.System);
        var asWhole = asked.Memory;
        var before = asked.Times;
        await store.CreateAsync("run", asWhole, CancellationToken.None);
        Assert.Equal(before + 3, asked.Times);
        Assert.Equal(content, await store.ReadAsync("run", CancellationToken.None));
    }

    [Fact]
    public async Task Small_runs_beyond_the_memory_bound_are_mapped_and_found()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var random = new Random(5);
        var first = Array.Empty<UInt128>();
        for (var batch = 0; batch * (IndexSizes.RecentRunKeysMax - 1) < IndexSizes.RecentKeysMax + (2 * IndexSizes.RecentRunKeysMax); batch++)
        {
            var keys = IndexWorld.Keys(random, IndexSizes.RecentRunKeysMax - 1);
            await world.CommitAsync(keys);
            if (batch == 0) first = keys;
            else if (batch % 5 == 0) Assert.DoesNotContain(false, world.Probe(keys).Present);
        }

        Assert.InRange(world.Index.MappedRuns, 1, 4);
        Assert.DoesNotContain(false, world.Probe(first).Present);
    }

    [Fact]
    public async Task A_long_run_is_stored_in_parts_and_fetched_whole()
    {
        Assert.SkipUnless(IndexSizes.PartBytes < 1 << 20, "wants the small parts of a Debug build");
        using var world = new IndexWorld(hasContents: true);
        await world.OpenAsync();
        var random = new Random(9);
        var all = new List<UInt128>();
        for (var i = 0; i < IndexSizes.MergeRuns; i++)
        {
            var keys = IndexWorld.Keys(random, 200);
            all.AddRange(keys);
            await world.CommitAsync(keys, keys);
        }

        await world.PublishAsync(await world.Index.MergeAsync([.. world.State.Runs], CancellationToken.None));
        Assert.Contains(world.Objects.Keys, name => name == IndexNames.Part(world.State.Runs[0].Name, 1));
        world.WipeCache();
        await world.OpenAsync();
        Assert.DoesNotContain(false, world.Probe(all).Present);
        world.Objects.Remove(IndexNames.Part(world.State.Runs[0].Name, 1));
        world.WipeCache();
        await Assert.ThrowsAsync<IndexDamagedException>(async () => await world.OpenAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_merge_that_dies_leaves_the_index_as_it_was(bool afterCreate)
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var keys = IndexWorld.Keys(new Random(1), 80);
        foreach (var ten in keys.Chunk(10)) await world.CommitAsync(ten);
        world.FaultAfterCreate = afterCreate;
        await Assert.ThrowsAsync<StoreException>(async () => await world.Index.MergeAsync([.. world.State.Runs], CancellationToken.None));
        world.FaultAfterCreate = null;
        Assert.DoesNotContain(false, world.Probe(keys).Present);
        await world.OpenAsync();
        Assert.DoesNotContain(false, world.Probe(keys).Present);
        Assert.Equal(8, Directory.GetFiles(world.CacheFolder).Length);
    }

    [Fact]
    public async Task Orphans_are_never_read_and_are_deleted_only_when_old()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        await world.CommitAsync([10, 20]);
        await world.WriteAsync([30], []);
        await world.OpenAsync();
        Assert.False(world.Holds(30));
        Assert.Equal(2, world.Index.TotalKeys);

        var time = new FakeTimeProvider(new DateTimeOffset(2024, 1, 1, 1, 0, 0, TimeSpan.Zero));
        var valid = world.State.Runs.Select(r => r.Name).ToHashSet();
        Assert.Equal(0, await IndexOrphans.DeleteAsync(world.Store, valid, time.GetUtcNow() - TimeSpan.FromHours(2), CancellationToken.None));
        Assert.Equal(1, await IndexOrphans.DeleteAsync(world.Store, valid, time.GetUtcNow() - TimeSpan.FromMinutes(30), CancellationToken.None));
        world.WipeCache();
        await world.OpenAsync();
        Assert.True(world.Holds(10));
    }

    [Fact]
    public async Task What_rivals_hold_of_a_batch_is_told_row_by_row()
    {
        using var world = new IndexWorld(hasContents: true);
        await world.OpenAsync();
        var first = await world.WriteAsync([5, 1], [50, 10]);
        var second = await world.WriteAsync([9], [90]);
        var lookup = await world.Index.LookupAsync([first, second], [9, 2, 5], CancellationToken.None);
        Assert.Equal([true, false, true], lookup.Held);
        Assert.Equal([90, 0, 50], lookup.Contents);
        var held = await world.Index.HeldByAsync([first], [1, 9], CancellationToken.None);
        Assert.Equal([true, false], held);
        Assert.False(world.Holds(5));
    }

    [Fact]
    public async Task Lookups_go_on_while_runs_are_merged()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var keys = IndexWorld.Keys(new Random(2), IndexSizes.RecentRunKeysMax * 4);
        foreach (var batch in keys.Chunk(keys.Length / 8)) await world.CommitAsync(batch);
        var merging = Task.Run(async () => await world.Index.MergeAsync([.. world.State.Runs], CancellationToken.None));
        do Assert.True(world.Probe(keys).Present.All(p => p));
        while (!merging.IsCompleted);
        await world.PublishAsync(await merging);
        Assert.Single(world.Index.Runs);
        Assert.DoesNotContain(false, world.Probe(keys).Present);
    }

    [Fact]
    public async Task Keys_of_other_dates_cost_a_run_nothing_and_those_of_its_own_are_found()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var random = new Random(11);
        UInt128[] OfDate(int days, int count) => [.. IndexWorld.Keys(random, count).Select(k => Core.Deduplicating.FingerprintEncoding.Dated(k, days))];
        var dates = Enumerable.Range(0, 4).Select(day => OfDate(20_000 + day, IndexSizes.RecentRunKeysMax + 50)).ToArray();
        foreach (var date in dates) await world.CommitAsync(date);
        await world.CommitAsync([.. OfDate(20_001, 300), .. OfDate(20_003, 300), .. OfDate(19_000, 1), .. IndexWorld.Keys(random, 40).Select(k => Core.Deduplicating.FingerprintEncoding.Dated(k, null))]);
        Assert.DoesNotContain(false, world.Probe(dates.SelectMany(d => d)).Present);
        Assert.DoesNotContain(true, world.Probe(Enumerable.Range(-2, 8).SelectMany(day => OfDate(20_000 + day, 200))).Present);
        await world.PublishAsync(await world.Index.MergeAsync([.. world.State.Runs], CancellationToken.None));
        Assert.DoesNotContain(false, world.Probe(dates.SelectMany(d => d)).Present);
        Assert.DoesNotContain(true, world.Probe(Enumerable.Range(-2, 8).SelectMany(day => OfDate(20_000 + day, 200))).Present);
    }

    [Fact]
    public async Task A_key_in_two_runs_is_a_doubled_row_and_is_reported()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var (a, b) = (await world.WriteAsync([1, 2], []), await world.WriteAsync([2, 3], []));
        await Assert.ThrowsAsync<IndexDamagedException>(async () => await world.Index.MergeAsync([a, b], CancellationToken.None));
        await Assert.ThrowsAsync<IndexDamagedException>(async () => await world.PublishAsync([a, b], []));
    }

    private static async Task FollowAsync((Step Step, int Seed)[] history, bool hasContents)
    {
        using var world = new IndexWorld(hasContents);
        await world.OpenAsync();
        var model = new Dictionary<UInt128, UInt128>();
        var strangers = new HashSet<UInt128>();
        foreach (var (step, seed) in history)
        {
            var random = new Random(seed);
            await TakeAsync(world, step, random, hasContents, model, strangers);
            strangers.ExceptWith(model.Keys);
            Assert.Equal(model.Count, world.Index.TotalKeys);
            Assert.Equal(model.Keys.Aggregate(UInt128.Zero, (sum, k) => sum + k), world.Index.TotalSum);
            var asked = model.Keys.Concat(strangers).Order().ToArray();
            var (present, contents) = world.Probe(asked);
            for (var i = 0; i < asked.Length; i++)
            {
                Assert.Equal(model.TryGetValue(asked[i], out var content), present[i]);
                if (hasContents && present[i]) Assert.Equal(content, contents[i]);
            }
        }
    }

    private static async Task TakeAsync(IndexWorld world, Step step, Random random, bool hasContents, Dictionary<UInt128, UInt128> model, HashSet<UInt128> strangers)
    {
        switch (step)
        {
            case Step.Commit or Step.CommitMany or Step.Refused:
                var count = random.Next(1, step == Step.CommitMany ? 300 : 20);
                var keys = IndexWorld.Keys(random, count, crowded: true).Where(k => !model.ContainsKey(k)).ToArray();
                var contents = hasContents ? keys.Select(k => k * 31).ToArray() : [];
                if (keys.Length == 0) break;
                if (step == Step.Refused)
                {
                    await world.WriteAsync(keys, contents);
                    strangers.UnionWith(keys);
                    break;
                }

                await world.CommitAsync(keys, contents);
                foreach (var key in keys) model.Add(key, key * 31);
                break;
            case Step.Merge or Step.MergeRefused:
                var runs = world.Index.PlanMerge() ?? [.. world.State.Runs.OrderBy(_ => random.Next()).Take(3)];
                if (runs.Count < 2) break;
                var merge = await world.Index.MergeAsync(runs, CancellationToken.None);
                if (step == Step.Merge) await world.PublishAsync(merge);
                break;
            default:
                if (step == Step.ReopenWithoutCache) world.WipeCache();
                await world.OpenAsync();
                break;
        }
    }

    private sealed class AskedMemory(byte[] content) : System.Buffers.MemoryManager<byte>
    {
        public int Times { get; private set; }

        public override Span<byte> GetSpan()
        {
            Times++;
            return content;
        }

        public override System.Buffers.MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin() => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
        }
    }
}
