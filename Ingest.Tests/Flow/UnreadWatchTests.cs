using Ingest.Core.Flow.Runtime;
using Ingest.Core.Transfers;
using Ingest.Tests.Contracts;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Flow;

/// <summary>A partition that has transfers and is not read is told, and none that has a reason to wait.</summary>
public sealed class UnreadWatchTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly UnreadWatch _watch;
    private readonly PartitionState[] _partitions;

    public UnreadWatchTests()
    {
        _watch = new UnreadWatch(_time, NullLogger.Instance, 1000);
        var topic = Yaml.Topic(Yaml.Cars("", "name: a, type: string"));
        _partitions = [.. Enumerable.Range(0, 2).Select(i => new PartitionState(topic, new PartitionBounds(new TopicPartition("cars", i), 0, 10)) { NextOffset = 10 })];
        Assert.Empty(_watch.Look(_partitions, isHeldBack: false));
    }

    [Fact]
    public void One_that_stands_still_before_its_end_is_told_after_a_minute()
    {
        _partitions[0].KnownEnd = 20;
        Assert.Empty(After(59));
        Assert.StartsWith("cars/0 has stood at offset 10 of 20 for 60 s", Assert.Single(After(1)), StringComparison.Ordinal);
        Assert.Single(After(1));
        _partitions[0].NextOffset = 15;
        Assert.Empty(After(1));
        Assert.Empty(After(59));
        Assert.Single(After(1));
    }

    [Fact]
    public void One_at_its_end_is_not_whatever_the_time()
    {
        Assert.Empty(After(3600));
        _partitions[0].KnownEnd = 20;
        Assert.Empty(After(59));
    }

    [Fact]
    public void Nor_is_one_while_the_worker_holds_back_or_others_have_much_to_read()
    {
        _partitions[0].KnownEnd = 20;
        Assert.Empty(After(3600, isHeldBack: true));
        _partitions[1].KnownEnd = 1011;
        Assert.StartsWith("cars/1 ", Assert.Single(After(3600)), StringComparison.Ordinal);
        _partitions[1].NextOffset = 11;
        Assert.Empty(After(59));
        Assert.Single(After(1));
    }

    /// <summary>A backlog may last for days, and its turn comes within seconds.</summary>
    [Fact]
    public void One_that_is_passed_over_for_ten_minutes_while_others_are_read_is_told_however_much_those_have()
    {
        (_partitions[0].KnownEnd, _partitions[1].KnownEnd) = (20, 1_000_000);
        IReadOnlyList<string> unread = [];
        for (var seconds = 0; seconds < 599; seconds++, _partitions[1].NextOffset += 10) Assert.Empty(After(1, isHeldBack: seconds % 2 == 0));
        for (var seconds = 0; seconds < 3; seconds++, _partitions[1].NextOffset += 10) unread = After(1);
        Assert.StartsWith("cars/0 has stood at offset 10 of 20 for 60", Assert.Single(unread), StringComparison.Ordinal);

        _partitions[0].NextOffset = 15;
        for (var seconds = 0; seconds < 500; seconds++, _partitions[1].NextOffset += 10) Assert.Empty(After(1));
    }

    [Fact]
    public void Nor_one_that_is_halted_or_being_handed_over()
    {
        (_partitions[0].KnownEnd, _partitions[0].HaltedBecause) = (20, "told elsewhere");
        (_partitions[1].KnownEnd, _partitions[1].IsDraining) = (20, true);
        Assert.Empty(After(3600));
    }

    /// <summary>As the control loop looks: often.</summary>
    private IReadOnlyList<string> After(int seconds, bool isHeldBack = false)
    {
        IReadOnlyList<string> unread = [];
        for (var i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            unread = _watch.Look(_partitions, isHeldBack);
        }

        return unread;
    }
}
