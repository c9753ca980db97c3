using System.Collections.Immutable;
using CsCheck;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Normalizing;
using Ingest.Tests.Deduplicating.Index;

namespace Ingest.Tests.Deduplicating;

public sealed class DedupTests
{
    [Fact]
    public async Task A_record_is_new_once_in_a_chunk_a_batch_and_the_table()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var dedup = new Deduplicator(Plan(DedupMode.Content), world.Index);
        Assert.Equal([0, 1, 3], Select(dedup, [7, 8, 7, 9], duplicates: 1).Rows);
        Assert.Equal([1], Select(dedup, [8, 10], duplicates: 1).Rows);
        var generation = dedup.Seal();
        Assert.Equal([0], Select(dedup, [11, 9], duplicates: 1).Rows);
        await world.CommitAsync([7, 8, 9, 10]);
        dedup.Committed(generation);
        Assert.Equal(1, dedup.PendingCount);
        Assert.Equal([2], Select(dedup, [7, 11, 12], duplicates: 2).Rows);
    }

    [Fact]
    public async Task A_drop_is_undone_when_the_batch_it_leaned_on_is_abandoned()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var dedup = new Deduplicator(Plan(DedupMode.Content), world.Index);
        Select(dedup, [1, 2]);
        var generation = dedup.Seal();
        Select(dedup, [3]);
        dedup.AbandonAll();
        Assert.Equal(0, dedup.PendingCount);
        Assert.Equal([0, 1, 2], Select(dedup, [1, 2, 3]).Rows);
        Assert.Throws<ArgumentException>(() => dedup.Committed(generation));
    }

    [Fact]
    public async Task Refused_rows_get_no_verdict_and_leave_no_key()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var dedup = new Deduplicator(Plan(DedupMode.Content), world.Index);
        Assert.Equal([1], Select(dedup, [5, 5, 6], refused: [1, 0, 1]).Rows);
        Assert.Equal([0], Select(dedup, [6, 5], duplicates: 1).Rows);
    }

    [Fact]
    public async Task Identity_mode_tells_duplicates_from_conflicts_in_chunk_batch_and_table()
    {
        using var world = new IndexWorld(hasContents: true);
        await world.OpenAsync();
        var dedup = new Deduplicator(Plan(DedupMode.Identity), world.Index);
        // In the chunk the first row holds the identity.
        Assert.Equal([0, 3], Select(dedup, [1, 1, 1, 2], [100, 100, 101, 200], duplicates: 1, conflicts: [2]).Rows);
        // In the open batch, and in one in flight.
        Assert.Empty(Select(dedup, [2, 1], [200, 999], duplicates: 1, conflicts: [1]).Rows);
        var generation = dedup.Seal();
        Assert.Empty(Select(dedup, [2, 1], [999, 100], duplicates: 1, conflicts: [0]).Rows);
        // In the table, which the rows of one chunk are judged by, not by each other.
        await world.CommitAsync([1, 2], [100, 200]);
        dedup.Committed(generation);
        Assert.Equal([3], Select(dedup, [1, 1, 1, 3], [101, 100, 101, 300], duplicates: 1, conflicts: [0, 2]).Rows);
    }

    [Fact]
    public async Task A_chunk_longer_than_a_lookup_takes_is_judged_as_one()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var dedup = new Deduplicator(Plan(DedupMode.Content), world.Index);
        var once = IndexWorld.Keys(new Random(1), (IndexSizes.ProbeKeysMax * 3 / 2) + 7);
        var selected = Select(dedup, [.. once, .. once], duplicates: once.Length);
        Assert.Equal(Enumerable.Range(0, once.Length), selected.Rows);
    }

    [Fact]
    public void Any_sequence_of_chunks_commits_and_rewinds_writes_each_record_once() =>
        Gen.Int.Sample(seed => FollowAsync(new Random(seed)).GetAwaiter().GetResult(), iter: 60, threads: 1);

    private static async Task FollowAsync(Random random)
    {
        using var world = new IndexWorld(hasContents: true);
        await world.OpenAsync();
        var dedup = new Deduplicator(Plan(DedupMode.Identity), world.Index);
        var committed = new Dictionary<UInt128, UInt128>();
        var pending = new Dictionary<UInt128, UInt128>();
        var open = new Dictionary<UInt128, UInt128>();
        var universe = IndexWorld.Keys(random, 200, crowded: true);
        for (var step = 0; step < 40; step++)
        {
            if (random.Next(12) == 0)
            {
                dedup.AbandonAll();
                pending.Clear();
                open.Clear();
            }

            var count = random.Next(1, 60);
            var keys = Enumerable.Range(0, count).Select(_ => universe[random.Next(universe.Length)]).ToArray();
            var contents = keys.Select(k => k + (UInt128)random.Next(2)).ToArray();
            var (rows, duplicates, conflicts) = (new List<int>(), 0, new List<int>());
            for (var row = 0; row < count; row++)
            {
                if (!committed.TryGetValue(keys[row], out var holder) && pending.TryAdd(keys[row], contents[row]))
                {
                    open.Add(keys[row], contents[row]);
                    rows.Add(row);
                }
                else if ((committed.ContainsKey(keys[row]) ? holder : pending[keys[row]]) == contents[row]) duplicates++;
                else conflicts.Add(row);
            }

            Assert.Equal(rows, Select(dedup, keys, contents, null, duplicates, [.. conflicts]).Rows);
            if (random.Next(3) != 0) continue;
            var generation = dedup.Seal();
            if (open.Count > 0) await world.CommitAsync([.. open.Keys], [.. open.Values]);
            dedup.Committed(generation);
            foreach (var (key, content) in open) committed.Add(key, content);
            open.Clear();
            pending.Clear();
        }

        Assert.Equal(committed.Count, world.Index.TotalKeys);
    }

    [Theory]
    [InlineData(DedupMode.Content)]
    [InlineData(DedupMode.Identity)]
    public async Task Chunks_looked_up_together_get_the_verdicts_of_chunks_looked_up_one_by_one(DedupMode mode)
    {
        using var world = new IndexWorld(hasContents: mode == DedupMode.Identity);
        await world.OpenAsync();
        await world.CommitAsync([.. Enumerable.Range(1, 40).Select(k => (UInt128)k)], mode == DedupMode.Identity ? [.. Enumerable.Range(1, 40).Select(k => (UInt128)(k % 3))] : null);
        var random = new Random(7);
        using var together = new Deduplicator(Plan(mode), world.Index, Deduplicator.RowsTogether(59));
        using var singly = new Deduplicator(Plan(mode), world.Index);
        for (var turn = 0; turn < 200; turn++)
        {
            // More rows than are looked up at once come now and then, so that a chunk is divided between two lookups.
            var rows = turn % 50 == 7 ? IndexSizes.ProbeKeysMax / 3 * 2 : 30;
            var chunks = Enumerable.Range(0, random.Next(1, 5)).Select(_ => Chunk(random, random.Next(rows + 1), mode)).ToArray();
            var both = chunks.Select(c => (c, new Selection())).ToList();
            together.Select(both);
            foreach (var (records, selection) in both)
            {
                var expected = new Selection();
                singly.Select(records, expected);
                Assert.Equal(expected.Rows[..expected.Count], selection.Rows[..selection.Count]);
                Assert.Equal(expected.Duplicates, selection.Duplicates);
                Assert.Equal(expected.Conflicts, selection.Conflicts);
            }

            Assert.Equal(singly.PendingCount, together.PendingCount);
        }
    }

    private static NormalizedRecords Chunk(Random random, int rows, DedupMode mode) => new(Plan(mode))
    {
        Count = rows,
        Keys = [.. Enumerable.Range(0, rows).Select(_ => (UInt128)random.Next(1, 40 + (rows * 3)))],
        Contents = [.. Enumerable.Range(0, rows).Select(_ => (UInt128)random.Next(3))],
        Refused = [.. Enumerable.Range(0, rows).Select(_ => (byte)(random.Next(10) / 9))],
    };

    private static (int[] Rows, Selection Selection) Select(
        Deduplicator dedup, UInt128[] keys, UInt128[]? contents = null, byte[]? refused = null, int duplicates = 0, int[]? conflicts = null)
    {
        var records = new NormalizedRecords(Plan(DedupMode.Content)) { Count = keys.Length, Keys = keys, Contents = contents ?? [], Refused = refused ?? new byte[keys.Length] };
        var selection = new Selection();
        dedup.Select(records, selection);
        Assert.Equal(duplicates, selection.Duplicates);
        Assert.Equal(conflicts ?? [], selection.Conflicts);
        return (selection.Rows[..selection.Count], selection);
    }

    private static DatasetPlan Plan(DedupMode mode) => new()
    {
        Name = "t",
        Columns = [],
        TimeZone = TimeZoneInfo.Utc,
        EventDateColumn = -1,
        Partitioning = [],
        Dedup = new DedupPlan(mode, ImmutableArray<int>.Empty, ImmutableArray<int>.Empty, true),
        DedupSignature = "test",
        ContractHash = "",
    };
}
