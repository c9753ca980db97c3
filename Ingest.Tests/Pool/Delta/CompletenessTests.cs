using CsCheck;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Transfers;
using Ingest.Tests.EndToEnd;

namespace Ingest.Tests.Pool.Delta;

/// <summary>"Everything published before T is in version V", and the account by the hour.</summary>
public sealed class CompletenessTests
{
    [Fact]
    public void The_slowest_partition_holds_the_mark_back()
    {
        var mark = Mark([Line(0, 50, 1000, 2000), Line(1, 50, 1000, 1500)], null);
        Assert.Equal((1500L, new TopicPartition("t", 1)), (mark.BeforeMs, mark.HeldBackBy));
    }

    [Fact]
    public void A_partition_read_to_the_topic_s_end_holds_nothing_back()
    {
        var mark = Mark([Line(0, 50, 1000, 2000), Line(1, 50, 1000, 1500)], Bounds((0, 60), (1, 50), (2, 0)));
        Assert.Equal((2000L, new TopicPartition("t", 0)), (mark.BeforeMs, mark.HeldBackBy));
        mark = Mark([Line(0, 50, 1000, 2000), Line(1, 50, 1000, 1500)], Bounds((0, 50), (1, 50), (2, 0)));
        Assert.Equal((9000L, null), (mark.BeforeMs, mark.HeldBackBy));
    }

    [Fact]
    public void A_partition_that_was_never_read_and_is_not_empty_lets_nothing_be_said() =>
        Assert.Equal((0L, new TopicPartition("t", 1)), Mark([Line(0, 50, 1000, 2000)], Bounds((0, 50), (1, 3))) is var m ? (m.BeforeMs, m.HeldBackBy) : default);

    [Fact]
    public void Each_cluster_has_a_mark_of_its_own_though_their_topics_have_the_same_names()
    {
        LedgerLine[] lines = [Line(0, 10, 1000, 1200, cluster: "a"), Line(0, 50, 1000, 2000, cluster: "b")];
        Assert.Equal([("a", 1200L, new TopicPartition("t", 0)), ("b", 2000L, new TopicPartition("t", 0))], Marks(lines, new ClusterView("b")).Select(m => (m.Cluster, m.BeforeMs, m.HeldBackBy!.Value)));
    }

    [Theory]
    [InlineData(50)]
    [InlineData(10)]
    public void Where_topics_end_on_one_cluster_says_nothing_of_another(long end)
    {
        LedgerLine[] lines = [Line(0, 10, 1000, 1200, cluster: "a"), Line(0, 50, 1000, 2000, cluster: "b")];
        var marks = Marks(lines, new ClusterView("b") { Ends = Bounds((0, end)), AskedAtMs = 9000 });
        Assert.Equal([("a", 1200L), ("b", end == 50 ? 9000L : 2000L)], marks.Select(m => (m.Cluster, m.BeforeMs)));
    }

    [Theory]
    [InlineData(0, 9000L)]
    [InlineData(3, 0L)]
    public void A_topic_of_the_contracts_that_was_never_read_lets_nothing_be_said_unless_it_is_empty(long end, long before)
    {
        var never = new TopicPartition("never", 0);
        var ends = Bounds((0, 50));
        ends[never] = new PartitionBounds(never, 0, end);
        var view = new ClusterView("kafka") { Ends = ends, AskedAtMs = 9000, Topics = new Dictionary<string, string> { ["t"] = "d", ["never"] = "d" } };
        var mark = Assert.Single(Marks([Line(0, 50, 1000, 2000)], view));
        Assert.Equal((before, end == 0 ? null : never), (mark.BeforeMs, mark.HeldBackBy));

        // A department of which there is nothing at all.
        Assert.Equal(("e", before), Marks([], view with { Topics = new Dictionary<string, string> { ["never"] = "e" } }).Single() is var m ? (m.Department, m.BeforeMs) : default);
    }

    [Fact]
    public void A_topic_that_was_never_read_lets_nothing_be_said_while_no_broker_was_asked_for_it()
    {
        var view = new ClusterView("kafka") { Topics = new Dictionary<string, string> { ["t"] = "d", ["never"] = "d" } };
        Assert.Equal((0L, new TopicPartition("never", 0)), Marks([Line(0, 50, 1000, 2000)], view).Single() is var m ? (m.BeforeMs, m.HeldBackBy) : default);
        Assert.Equal(2000L, Marks([Line(0, 50, 1000, 2000)], view with { Ends = Bounds((0, 60)) }).Single().BeforeMs); // it does not exist
    }

    [Fact]
    public void A_partition_that_last_moved_before_the_log_begins_is_known_by_its_offset()
    {
        var view = new ClusterView("kafka") { Offsets = new Dictionary<string, long> { ["ingest/kafka/t/0"] = 50, ["ingest/kafka/t/1"] = 7, ["ingest/kafka+replay/t/2"] = 7, ["delta/other"] = 1 } };
        Assert.Equal((0L, new TopicPartition("t", 1)), Marks([Line(0, 50, 1000, 2000)], view).Single() is var m ? (m.BeforeMs, m.HeldBackBy) : default);
        Assert.Equal(9000L, Marks([Line(0, 50, 1000, 2000)], view with { AskedAtMs = 9000, Ends = Bounds((0, 50), (1, 7)) }).Single().BeforeMs);
        Assert.Equal(0L, Marks([Line(0, 50, 1000, 2000)], view with { AskedAtMs = 9000, Ends = Bounds((0, 50), (1, 8)) }).Single().BeforeMs);
        Assert.Equal(2000L, Marks([Line(0, 50, 1000, 2000)], view with { Offsets = new Dictionary<string, long> { ["ingest/kafka/retired/0"] = 5 }, Topics = new Dictionary<string, string> { ["t"] = "d" } }).Single().BeforeMs);
    }

    [Fact]
    public void Times_out_of_order_are_taken_off() => Assert.Equal(1700L, Mark([Line(0, 50, 1000, 2000, late: 300)], null).BeforeMs);

    [Fact]
    public void Lateness_is_the_same_however_a_partition_is_cut_into_commits() =>
        Gen.Select(Gen.Long[0, 50].Array[1, 30], Gen.Int[1, 30]).Sample((times, cut) =>
        {
            var transfers = times.Select((t, i) => new Transfer(i, t, 0, 0)).ToArray();
            var at = Math.Min(cut, transfers.Length);
            Assert.Equal(PublishedSpan.Of(transfers).LateMs, times.Where(t => t > 0).Select((t, i) => times.Where(x => x > 0).Take(i).Append(t).Max() - t).DefaultIfEmpty().Max());
            var joined = PublishedSpan.Of(transfers.AsSpan(0, at)).Then(PublishedSpan.Of(transfers.AsSpan(at)));
            Assert.Equal((PublishedSpan.Of(transfers).FromMs, PublishedSpan.Of(transfers).UntilMs), (joined.FromMs, joined.UntilMs));
            Assert.Equal(PublishedSpan.Of(transfers).LateMs, joined.LateMs);
        });

    [Fact]
    public async Task The_account_by_the_hour_adds_up_to_what_was_sent()
    {
        using var city = new City();
        for (var i = 0; i < 20; i++) city.Publish($$"""[{"id":"A{{i % 15}}","paid_on":"2026-03-02"},{"id":null,"paid_on":"2026-03-02"}]""", key: $"{i}");
        await city.CatchUpAsync();
        var payments = (await Core.Pool.Delta.Ledger.ReadAsync(Store(city, "payments"), CancellationToken.None)).Hours;
        Assert.Equal((20L, 40L, 15L, 5L, 20L), (payments.Sum(h => h.Hour.Transfers), payments.Sum(h => h.Records), payments.Sum(h => h.Hour.Written), payments.Sum(h => h.Hour.Duplicates), payments.Sum(h => h.Hour.Quarantined)));
        Assert.All(payments, h => Assert.Equal("housing", h.Department));
        Assert.Equal(20, (await Core.Pool.Delta.Ledger.ReadAsync(Store(city, "quarantine"), CancellationToken.None)).Hours.Sum(h => h.Hour.Written));
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task The_brokers_say_that_a_quiet_topic_is_there_to_the_end()
    {
        using var city = new City();
        city.Publish("""{"id":"A","paid_on":"2026-03-02"}""");
        await city.CatchUpAsync();
        var ledger = await Core.Pool.Delta.Ledger.ReadAsync(Store(city, "payments"), CancellationToken.None);
        var bounds = Core.Transfers.Kafka.TopicBounds.Read(city.Brokers, new Dictionary<string, string>(), [City.Topic], default);
        Assert.Equal(2, bounds.Count);
        var mark = Assert.Single(CompletenessMark.Of(ledger, new ClusterView("kafka") { Ends = bounds, AskedAtMs = 9000 }));
        Assert.Equal((9000L, null, ledger.Version), (mark.BeforeMs, mark.HeldBackBy, mark.Version));

        city.Publish("""{"id":"B","paid_on":"2026-03-02"}""");
        city.Delivered();
        mark = Assert.Single(CompletenessMark.Of(ledger, new ClusterView("kafka") { Ends = Core.Transfers.Kafka.TopicBounds.Read(city.Brokers, new Dictionary<string, string>(), [City.Topic], default), AskedAtMs = long.MaxValue }));
        Assert.Equal(ledger.Lines.Max(l => l.Published.UntilMs), mark.BeforeMs);
    }

    private static Core.Stores.PrefixedStore Store(City city, string table) => new(new Core.Stores.LocalStore(city.Pool, Core.IdSource.System), table);

    private static CompletenessMark Mark(LedgerLine[] lines, IReadOnlyDictionary<TopicPartition, PartitionBounds>? bounds) =>
        Assert.Single(Marks(lines, new ClusterView("kafka") { Ends = bounds, AskedAtMs = 9000 }));

    private static IReadOnlyList<CompletenessMark> Marks(LedgerLine[] lines, ClusterView view) => CompletenessMark.Of(new Core.Pool.Delta.Ledger(7, lines, [], []), view);

    private static LedgerLine Line(int partition, long to, long from, long until, long late = 0, string cluster = "kafka") => new(
        $"ingest/{cluster}/t/{partition}", new TopicPartition("t", partition), "d", new OffsetRange(0, to), 1, 0, 0, 0, 0, 0, new PublishedSpan(from, until, late), true);

    private static Dictionary<TopicPartition, PartitionBounds> Bounds(params (int Partition, long End)[] ends) =>
        ends.ToDictionary(e => new TopicPartition("t", e.Partition), e => new PartitionBounds(new TopicPartition("t", e.Partition), 0, e.End));
}
