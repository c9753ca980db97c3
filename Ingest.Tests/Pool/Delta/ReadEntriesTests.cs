using System.Collections.Immutable;
using Ingest.Core.Pool.Delta;

namespace Ingest.Tests.Pool.Delta;

/// <summary>Entries are read as JSON once while they are new; never another one's, never a broken one, and not without bound. Other tests read entries at the same time.</summary>
public sealed class ReadEntriesTests
{
    private const int Slots = 128;

    [Fact]
    public void An_entry_that_is_read_again_is_not_parsed_again()
    {
        var entry = Entry("a");
        Assert.Contains(Enumerable.Range(0, 1000), _ => ReferenceEquals(ReadEntries.Of(entry, 1), ReadEntries.Of(entry, 1)));
    }

    [Fact]
    public void Two_that_share_a_place_are_told_apart()
    {
        var (one, other) = (Entry("one"), Entry("other"));
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("one", AppId(ReadEntries.Of(one, 7)));
            Assert.Equal("other", AppId(ReadEntries.Of(other, 7 + Slots)));
            Assert.Equal("other", AppId(ReadEntries.Of(other, UInt128.MaxValue / 2 / Slots * Slots)));
        }
    }

    [Fact]
    public void A_large_one_is_not_kept()
    {
        var entry = Entry(new string('x', 20_000));
        Assert.All(Enumerable.Range(0, 100), _ => Assert.NotSame(ReadEntries.Of(entry, 3), ReadEntries.Of(entry, 3)));
    }

    [Fact]
    public void A_broken_one_is_told_each_time()
    {
        for (var i = 0; i < 3; i++) Assert.Throws<InvalidDataException>(() => ReadEntries.Of("{\"txn\":"u8.ToArray(), 9));
    }

    /// <summary>It is everybody's.</summary>
    [Fact]
    public void What_it_says_cannot_be_changed() =>
        Assert.Throws<NotSupportedException>(() => ((IList<LogAction>)ReadEntries.Of(Entry("a"), 11)).Clear());

    [Fact]
    public void Many_threads_get_each_their_own()
    {
        var entries = Enumerable.Range(0, 40).Select(i => Entry($"{i}")).ToArray();
        Parallel.For(0, 20_000, i => Assert.Equal($"{i % 40}", AppId(ReadEntries.Of(entries[i % 40], (UInt128)(ulong)(i % 40 * Slots / 2)))));
    }

    private static byte[] Entry(string appId) => [.. LogJson.Write(ImmutableArray.Create<LogAction>(new LogAction.Txn(appId, 1, null))).ToArray()];

    private static string AppId(IReadOnlyList<LogAction> actions) => Assert.IsType<LogAction.Txn>(Assert.Single(actions)).AppId;
}
