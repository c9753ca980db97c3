using Ingest.Core.Deduplicating.Index;

namespace Ingest.Tests.Deduplicating.Index;

public sealed class IndexDamageTests
{
    private const int Flips = 10_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_ten_thousand_flipped_bits_all_are_detected_and_none_is_answered_wrongly(bool hasContents)
    {
        var random = new Random(7);
        var keys = IndexWorld.Keys(random, IndexSizes.FilterKeysMin + 500).Order().ToArray();
        var strangers = IndexWorld.Keys(random, 500).Order().ToArray();
        var (run, bytes) = RunWriter.Encode("a.run", keys, hasContents ? [.. keys.Select(k => ~k)] : []);
        var path = Path.Combine(Directory.CreateTempSubdirectory("ingest-index-").FullName, "a.run");
        File.WriteAllBytes(path, bytes.Span);
        var foundByProbe = 0;
        for (var flip = 0; flip < Flips; flip++)
        {
            // One in four in the trailer, where a single bit says the most.
            var at = flip % 4 == 0 ? bytes.Length - 1 - random.Next(RunTrailer.Bytes) : random.Next(bytes.Length);
            Write(path, at, (byte)(bytes.Span[at] ^ (1 << random.Next(8))));
            Assert.Throws<IndexDamagedException>(() => Verify(path, run, hasContents));
            if (!AnswersRightly(path, run, hasContents, keys, strangers)) foundByProbe++;
            Write(path, at, bytes.Span[at]);
        }

        Verify(path, run, hasContents);
        Assert.True(AnswersRightly(path, run, hasContents, keys, strangers));
        Assert.Equal(Flips, foundByProbe);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public async Task A_page_in_the_place_of_another_is_detected()
    {
        using var world = new IndexWorld(hasContents: false);
        var keys = IndexWorld.Keys(new Random(1), (IndexSizes.BlockBytes / 16 * 3) + 1);
        var run = await world.WriteAsync(keys, []);
        var bytes = world.Objects[IndexNames.Run(run.Name)];
        var first = bytes[..IndexSizes.BlockBytes];
        bytes.AsSpan(IndexSizes.BlockBytes, IndexSizes.BlockBytes).CopyTo(bytes);
        first.CopyTo(bytes.AsSpan(IndexSizes.BlockBytes));
        await Assert.ThrowsAsync<IndexDamagedException>(async () => await world.Cache.OpenAsync(world.Store, run, false, CancellationToken.None));
    }

    [Fact]
    public async Task A_missing_or_shortened_run_stops_the_table_and_says_how_to_go_on()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var run = await world.CommitAsync(IndexWorld.Keys(new Random(1), 100));
        var name = IndexNames.Run(run.Name);
        var whole = world.Objects[name];
        foreach (var length in new[] { 0, 1, 127, 128, whole.Length / 2, whole.Length - 1 })
        {
            world.WipeCache();
            world.Objects[name] = whole[..length];
            await Assert.ThrowsAsync<IndexDamagedException>(async () => await world.OpenAsync());
        }

        world.Objects.Remove(name);
        var missing = await Assert.ThrowsAsync<IndexDamagedException>(async () => await world.OpenAsync());
        Assert.Contains("missing from the store", missing.Message, StringComparison.Ordinal);
        Assert.Contains("pool reindex", missing.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(world.CacheFolder));
    }

    [Fact]
    public async Task A_local_copy_that_is_missing_shortened_or_foreign_is_fetched_again()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var keys = IndexWorld.Keys(new Random(1), IndexSizes.RecentRunKeysMax + 1);
        var run = await world.CommitAsync(keys);
        var copy = Path.Combine(world.CacheFolder, run.Name);
        foreach (Action<string> spoil in new Action<string>[] { File.Delete, p => File.WriteAllBytes(p, []), p => File.WriteAllBytes(p, new byte[run.Bytes]), p => Directory.Delete(Path.GetDirectoryName(p)!, true) })
        {
            world.Index.Dispose();
            spoil(copy);
            await world.OpenAsync();
            Assert.DoesNotContain(false, world.Probe(keys).Present);
        }
    }

    [Fact]
    public async Task Damage_met_by_a_lookup_stops_every_later_one_and_the_next_start_fetches_the_run_again()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var keys = IndexWorld.Keys(new Random(1), IndexSizes.RecentRunKeysMax + 1);
        var run = await world.CommitAsync(keys);
        world.Index.Dispose();
        var page = RunGeometry.For(run.Keys, false).FilterPages;
        Write(Path.Combine(world.CacheFolder, run.Name), page * IndexSizes.BlockBytes, 0xA5);
        Write(Path.Combine(world.CacheFolder, run.Name), (page * IndexSizes.BlockBytes) + 1, 0x5A);
        await world.OpenAsync();
        Assert.Throws<IndexDamagedException>(() => world.Probe(keys));
        Assert.Throws<IndexDamagedException>(() => world.Probe([keys.Max()]));
        await world.OpenAsync();
        Assert.DoesNotContain(false, world.Probe(keys).Present);
    }

    [Fact]
    public async Task An_index_that_does_not_add_up_to_the_log_is_not_used()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var run = await world.WriteAsync([1, 2, 3], []);
        await Assert.ThrowsAsync<IndexDamagedException>(async () => await world.Index.SyncAsync(new IndexState([run], 4, run.Sum), CancellationToken.None));
        Assert.Throws<IndexDamagedException>(() => world.Holds(1));

        world.State = new IndexState([run with { Sum = run.Sum + 1 }], 3, run.Sum + 1);
        await Assert.ThrowsAsync<IndexDamagedException>(async () => await world.OpenAsync());
        world.State = new IndexState([run with { Keys = 4 }], 4, run.Sum);
        await Assert.ThrowsAsync<IndexDamagedException>(async () => await world.OpenAsync());
    }

    [Fact]
    public async Task A_run_in_the_store_can_be_verified_whatever_the_local_copy_says()
    {
        using var world = new IndexWorld(hasContents: false);
        await world.OpenAsync();
        var run = await world.CommitAsync(IndexWorld.Keys(new Random(1), 200));
        await IndexProof.VerifyRunAsync(world.Store, run, false, world.WorkFolder, CancellationToken.None);
        world.Objects[IndexNames.Run(run.Name)][100] ^= 1;
        await Assert.ThrowsAsync<IndexDamagedException>(async () => await IndexProof.VerifyRunAsync(world.Store, run, false, world.WorkFolder, CancellationToken.None));
    }

    private static void Verify(string path, RunDescriptor run, bool hasContents)
    {
        using var reader = RunReader.Open(path, run, hasContents);
        reader.VerifyAll(CancellationToken.None);
    }

    /// <summary>Looks up everything: false when damage was reported, fails the test when an answer was wrong.</summary>
    private static bool AnswersRightly(string path, RunDescriptor run, bool hasContents, UInt128[] keys, UInt128[] strangers)
    {
        try
        {
            using var reader = RunReader.Open(path, run, hasContents);
            var present = new bool[keys.Length];
            var contents = new UInt128[hasContents ? keys.Length : 0];
            reader.Probe(keys, present, contents);
            Assert.DoesNotContain(false, present);
            for (var i = 0; i < contents.Length; i++) Assert.Equal(~keys[i], contents[i]);
            Array.Clear(present);
            reader.Probe(strangers, present.AsSpan(0, strangers.Length), hasContents ? contents.AsSpan(0, strangers.Length) : []);
            Assert.DoesNotContain(true, present);
            return true;
        }
        catch (IndexDamagedException)
        {
            return false;
        }
    }

    private static void Write(string path, long at, byte value)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.Write(file, [value], at);
    }
}
