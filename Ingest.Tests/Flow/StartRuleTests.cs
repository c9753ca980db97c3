using Ingest.Core.Flow.Protocol;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Flow;

public sealed class StartRuleTests
{
    private static readonly TopicPartition s_source = new("housing.fund", 3);

    [Theory]
    [InlineData(StartPolicy.Earliest, 100)]
    [InlineData(StartPolicy.Latest, 900)]
    public void A_partition_that_no_table_knows_begins_where_the_policy_says(StartPolicy policy, long expected) =>
        Assert.Equal(new StartDecision.Read(expected), Decide(policy, null, null));

    [Fact]
    public void The_lowest_offset_of_all_tables_is_read_first() => Assert.Equal(new StartDecision.Read(200), Decide(StartPolicy.Earliest, 500, 200));

    [Fact]
    public void A_table_that_is_new_on_a_topic_reads_it_from_its_start() => Assert.Equal(new StartDecision.Read(100), Decide(StartPolicy.Earliest, 500, null));

    [Fact]
    public void The_end_of_the_topic_is_a_fine_place_to_go_on() => Assert.Equal(new StartDecision.Read(900), Decide(StartPolicy.Earliest, 900));

    [Fact]
    public void An_offset_beyond_the_end_halts_and_says_that_the_topic_was_recreated()
    {
        var why = BeyondTheEnd(400, 901);
        Assert.Contains("re-created or truncated", why, StringComparison.Ordinal);
        Assert.Contains("901", why, StringComparison.Ordinal);
        Assert.Contains("Ingest:Kafka:Source", why, StringComparison.Ordinal);
    }

    [Fact]
    public void Offsets_that_expired_unread_halt_and_are_counted()
    {
        var halt = Assert.IsType<StartDecision.Halt>(Decide(StartPolicy.Earliest, 60));
        Assert.Contains("40 offsets [60, 100)", halt.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Offsets_read_after_the_broker_was_asked_may_lie_beyond_its_end() => Assert.Equal(new StartDecision.Read(901), Decide(StartPolicy.Earliest, 901));

    [Fact]
    public void Offsets_read_before_the_broker_was_asked_may_lie_before_its_start() => Assert.Null(BeyondTheEnd(60, null, 900));

    [Fact]
    public void Another_topic_of_the_same_name_is_told_by_its_id_with_what_it_holds_and_how_to_go_on()
    {
        var why = StartRule.AnotherTopic(new PartitionBounds(s_source, 100, 900, "new"), [("t", "old", 500)]);
        Assert.StartsWith("housing.fund/3: table 't' has read offsets below 500 of the topic with id old, and the topic of that name now has id new: it was deleted and created anew, and holds 800 offsets [100, 900)", why, StringComparison.Ordinal);
        Assert.Contains("Ingest:Kafka:Source", why, StringComparison.Ordinal);
        Assert.Contains("pool accept-topic --topic housing.fund --id new", why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("old", "old")]
    [InlineData(null, "old")] // written before brokers gave ids
    [InlineData("old", null)] // brokers that give none
    [InlineData(null, null)]
    public void Where_an_id_is_not_known_offsets_alone_decide(string? pinned, string? now) =>
        Assert.Null(StartRule.AnotherTopic(new PartitionBounds(s_source, 100, 900, now), [("t", pinned, 500)]));

    private static string? BeyondTheEnd(params long?[] stored) =>
        StartRule.BeyondTheEnd(new PartitionBounds(s_source, 100, 900), [.. stored.Select((s, i) => ($"table-{i}", s))]);

    private static StartDecision Decide(StartPolicy policy, params long?[] stored) =>
        StartRule.Decide(new PartitionBounds(s_source, 100, 900), [.. stored.Select((s, i) => ($"table-{i}", s))], policy);
}
