using CsCheck;
using Ingest.Core.Deduplicating.Index;

namespace Ingest.Tests.Deduplicating.Index;

public sealed class KeyTableTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Adding_and_removing_by_tag_answers_like_a_dictionary(bool hasContents) =>
        Gen.Int.Sample(seed =>
        {
            var random = new Random(seed);
            var table = new KeyTable(hasContents);
            var model = new Dictionary<UInt128, (UInt128 Content, int Tag)>();
            for (var round = 1; round < 12; round++)
            {
                // Keys at the very top wrap round to the first slots.
                var keys = IndexWorld.Keys(random, random.Next(300), crowded: true).Select((k, i) => i % 5 == 0 ? k | (UInt128)0xFFFF << 112 : k);
                foreach (var key in keys) Assert.Equal(model.TryAdd(key, (~key, round)), table.TryAdd(key, ~key, round));
                if (random.Next(3) == 0)
                {
                    var tags = Enumerable.Range(1, round).Where(_ => random.Next(2) == 0).ToHashSet();
                    table.Remove(tags);
                    foreach (var gone in model.Where(e => tags.Contains(e.Value.Tag)).Select(e => e.Key).ToArray())
                    {
                        model.Remove(gone);
                        Assert.False(table.TryFind(gone, out _));
                    }
                }

                Assert.Equal(model.Count, table.Count);
                foreach (var (key, value) in model)
                {
                    Assert.True(table.TryFind(key, out var content));
                    Assert.Equal(hasContents ? value.Content : 0, content);
                    Assert.Equal(model.ContainsKey(key + 1), table.TryFind(key + 1, out _));
                }
            }
        }, iter: 100, threads: 1);

    [Fact]
    public void Sorting_keeps_equal_keys_in_row_order_whatever_the_keys() =>
        Gen.Int.Sample(seed =>
        {
            var random = new Random(seed);
            var source = IndexWorld.Keys(random, random.Next(1, 2000), crowded: true);
            for (var i = 0; i < source.Length / 3; i++) source[random.Next(source.Length)] = source[random.Next(10) % source.Length];
            var rows = Enumerable.Range(0, source.Length).Where(_ => random.Next(4) > 0).ToArray();
            using var sorter = new KeySorter();
            sorter.Sort(source, rows);
            Assert.Equal(rows.OrderBy(r => source[r]).ThenBy(r => r), sorter.Rows.ToArray());
            Assert.Equal(sorter.Rows.ToArray().Select(r => source[r]), sorter.Keys.ToArray());
            sorter.Sort(source);
            Assert.Equal(Enumerable.Range(0, source.Length).OrderBy(r => source[r]).ThenBy(r => r), sorter.Rows.ToArray());
        }, iter: 100, threads: 1);
}
