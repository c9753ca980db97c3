using Ingest.Core.Flow.Telemetry;
using Ingest.Worker.Health;

namespace Ingest.Tests.Health;

/// <summary>What makes a worker not ready, and that idleness does not.</summary>
public sealed class ReadinessTests
{
    private static readonly EngineStatus s_well = new() { IsRunning = true, AssignedPartitions = 4 };

    [Fact]
    public void A_worker_that_waits_for_work_is_ready() => Assert.Empty(Problems(s_well));

    [Fact]
    public void Until_its_tables_are_open_it_is_not() => Assert.Contains("Tables are being opened", Assert.Single(Problems(EngineStatus.Starting)), StringComparison.Ordinal);

    [Fact]
    public void A_store_that_fails_is_told_with_its_words() => Assert.Equal("The store fails: disk full", Assert.Single(Problems(s_well, "disk full")));

    [Fact]
    public void Brokers_that_are_away_or_a_group_that_is_too_large_leave_no_partition() =>
        Assert.StartsWith("No partition is assigned: the group is being formed", Assert.Single(Problems(s_well with { AssignedPartitions = 0 })), StringComparison.Ordinal);

    [Fact]
    public void What_the_client_complains_of_is_why_no_partition_is_assigned() => Assert.Equal(
        "No partition is assigned: the Kafka client says: JoinGroup failed (InvalidSessionTimeout)",
        Assert.Single(Problems(s_well with { AssignedPartitions = 0, SourceTrouble = "JoinGroup failed (InvalidSessionTimeout)" })));

    /// <summary>A broker of several may be away while all goes well.</summary>
    [Fact]
    public void What_the_client_complains_of_while_it_reads_is_no_reason() => Assert.Empty(Problems(s_well with { SourceTrouble = "broker-2:9092: Connection refused" }));

    [Fact]
    public void A_commit_that_is_stuck_is_told_with_its_age() =>
        Assert.Equal("A record has waited 31 s for its commit (limit 30 s).", Assert.Single(Problems(s_well with { OldestUncommitted = TimeSpan.FromSeconds(31) })));

    [Fact]
    public void Every_halted_partition_is_told() => Assert.Equal(["Halted: a", "Halted: b"], Problems(s_well with { AssignedPartitions = 0, Halted = ["a", "b"] }));

    [Fact]
    public void A_partition_that_is_not_read_is_told() => Assert.Equal("Not read: a", Assert.Single(Problems(s_well with { Unread = ["a"] })));

    private static List<string> Problems(EngineStatus status, string? storeFault = null) => Readiness.Problems(status, storeFault, TimeSpan.FromSeconds(30));
}
