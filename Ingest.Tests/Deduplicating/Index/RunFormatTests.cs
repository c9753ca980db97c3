using System.Buffers.Binary;
using System.IO.Hashing;
using Ingest.Core.Deduplicating.Index;

namespace Ingest.Tests.Deduplicating.Index;

public sealed class RunFormatTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(300, true)]
    [InlineData(20_000, false)]
    [InlineData(20_000, true)]
    public void A_reader_written_from_the_documentation_finds_every_key_in_order(int count, bool hasContents)
    {
        var keys = IndexWorld.Keys(new Random(count), count);
        var (run, bytes) = RunWriter.Encode("a.run", keys, hasContents ? [.. keys.Select(k => ~k)] : []);
        var (found, contents) = ReadByTheBook(bytes.Span);
        Assert.Equal(keys.Order(), found);
        Assert.Equal(hasContents ? found.Select(k => ~k) : [], contents);
        Assert.Equal(new RunDescriptor("a.run", count, keys.Aggregate(UInt128.Zero, (sum, k) => sum + k), bytes.Length), run);
    }

    [Fact]
    public void A_key_takes_at_most_17_bytes_on_disk_in_a_table_of_a_thousand_million()
    {
        Assert.SkipUnless(IndexSizes.BlockBytes == 4096, "wants the page size of a Release build");
        foreach (var keys in new[] { 10_000_000L, 1_000_000_000, 40_000_000_000 }) Assert.InRange(BytesAKey(keys), 16, 17);
        foreach (var keys in new[] { 100_000L, 1_000_000, 8_000_000 }) Assert.InRange(BytesAKey(keys), 16, 18);

        // As many young runs as merging leaves in each tier, each as large as it may be.
        long all = 1_000_000_000, old = all;
        var bytes = 0.0;
        for (long tier = IndexSizes.WideFilterKeysMax - 1; tier > IndexSizes.FilterKeysMin; tier /= IndexSizes.MergeRuns)
        {
            bytes += (IndexSizes.MergeRuns - 1) * tier * BytesAKey(tier);
            old -= (IndexSizes.MergeRuns - 1) * tier;
        }

        Assert.InRange((bytes + (old * BytesAKey(old))) / all, 16, 17);

        static double BytesAKey(long keys) => RunGeometry.For(keys, hasContents: false).FileBytes / (double)keys;
    }

    [Fact]
    public void Geometry_leaves_no_gap_and_no_overlap()
    {
        var largest = IndexSizes.FilterKeysMin * 3;
        for (var keys = 1; keys < largest; keys += 1 + (keys / 7))
        {
            foreach (var hasContents in new[] { false, true })
            {
                var geometry = RunGeometry.For(keys, hasContents);
                var next = 0L;
                for (var page = 0L; page < geometry.Pages; page++)
                {
                    Assert.Equal(next, geometry.PageOffset(page));
                    next += geometry.PageBytes(page);
                }

                Assert.Equal(next, geometry.TrailerOffset);
            }
        }
    }

    [Fact]
    public void A_key_given_twice_or_none_at_all_is_a_bug_of_the_caller()
    {
        Assert.Throws<ArgumentException>(() => RunWriter.Encode("a.run", [1, 2, 1], []));
        Assert.Throws<ArgumentException>(() => RunWriter.Encode("a.run", [], []));
        Assert.Throws<ArgumentException>(() => RunWriter.Encode("a.run", [1, 2], [1]));
        Assert.Throws<ArgumentException>(() => RunWriter.Encode("../a.run", [1], []));
    }

    [Fact]
    public void A_run_of_a_later_format_is_refused()
    {
        var (run, bytes) = RunWriter.Encode("a.run", [1, 2, 3], []);
        var trailer = bytes.Span[^RunTrailer.Bytes..].ToArray();
        trailer[9] = 3;
        BinaryPrimitives.WriteUInt64BigEndian(trailer.AsSpan(120), XxHash3.HashToUInt64(trailer.AsSpan(0, 120)));
        var refused = Assert.Throws<IndexDamagedException>(() => RunTrailer.Read(trailer, run.Name, run.Bytes));
        Assert.Contains("it is of format version 3", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>docs/dedup.md, step by step, sharing nothing with the reader.</summary>
    private static (List<UInt128> Keys, List<UInt128> Contents) ReadByTheBook(ReadOnlySpan<byte> file)
    {
        var trailer = file[^128..];
        Assert.Equal("INGSTRUN"u8, trailer[..8]);
        var blockBytes = BinaryPrimitives.ReadInt32BigEndian(trailer[12..]);
        var left = BinaryPrimitives.ReadInt64BigEndian(trailer[16..]);
        var width = 16 + BinaryPrimitives.ReadInt32BigEndian(trailer[24..]);
        var words = BinaryPrimitives.ReadInt32BigEndian(trailer[28..]);
        var (keysPerBlock, blocksPerPage) = ((blockBytes - 8) / width, words == 0 ? 0 : (blockBytes - 8) / 8 / words);
        var blocks = (left + keysPerBlock - 1) / keysPerBlock;
        var page = words == 0 ? 0 : (blocks + blocksPerPage - 1) / blocksPerPage;
        var offset = (int)page * blockBytes;
        var (keys, contents) = (new List<UInt128>(), new List<UInt128>());
        while (left > 0)
        {
            var count = (int)Math.Min(left, (blockBytes - 8) / width);
            left -= count;
            var block = file.Slice(offset, left == 0 ? (count * width) + 8 : blockBytes);
            Assert.Equal(XxHash3.HashToUInt64(block[..^8], page++), BinaryPrimitives.ReadUInt64BigEndian(block[^8..]));
            for (var i = 0; i < count; i++)
            {
                var key = BinaryPrimitives.ReadUInt128BigEndian(block[(i * 16)..]);
                if (words > 0) Assert.True(PassesByTheBook(file, (ulong)key, offset / blockBytes - (int)((blocks + blocksPerPage - 1) / blocksPerPage), words, blocksPerPage, blockBytes));
                keys.Add(key);
                if (width == 32) contents.Add(BinaryPrimitives.ReadUInt128BigEndian(block[((count + i) * 16)..]));
            }

            offset += block.Length;
        }

        return (keys, contents);
    }

    private static bool PassesByTheBook(ReadOnlySpan<byte> file, ulong low, int block, int words, int blocksPerPage, int blockBytes)
    {
        var word = (block % blocksPerPage * words) + (int)((low >> 18 & 0xFFFF) * (ulong)words >> 16);
        var bits = BinaryPrimitives.ReadUInt64BigEndian(file[((block / blocksPerPage * blockBytes) + (word * 8))..]);
        return new[] { 0, 6, 12 }.All(shift => (bits >> (int)(low >> shift & 63) & 1) == 1);
    }
}
