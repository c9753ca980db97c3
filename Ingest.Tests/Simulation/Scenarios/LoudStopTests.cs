using System.Text;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Transfers;
using Ingest.Tests.Simulation.Harness;

namespace Ingest.Tests.Simulation.Scenarios;

/// <summary>What must never be passed over in silence stops the partitions concerned, with a message that says what, how much and how to go on; the others go on.</summary>
public sealed class LoudStopTests : IDisposable
{
    private static readonly TopicPartition s_a = new("a", 0), s_b = new("b", 0);

    private readonly string _folder = Path.Combine(SeedRun.WorkFolder(), nameof(LoudStopTests));
    private readonly World _world = new(5);
    private readonly ObjectServer _server;
    private readonly Broker _broker;
    private readonly Truth _truth = new();
    private readonly Fleet _fleet;

    public LoudStopTests()
    {
        _server = new ObjectServer(_world);
        _broker = new Broker(_world, new SortedDictionary<string, int>(StringComparer.Ordinal) { ["a"] = 1, ["b"] = 1 }, isCooperative: true);
        _fleet = new Fleet(_world, _server, _broker, SimulationSetting.Of(1, new Random(1)) with { UsesParquet = false, BudgetBytes = 1 << 20, CheckpointInterval = 1000, Housekeeping = new HousekeepingOptions { Enabled = false } }, _folder);
    }

    public void Dispose() => _fleet.Dispose();

    [Theory]
    [InlineData("re-created", "re-created or restored")]
    [InlineData("restored", "It was deleted, restored or re-created")]
    [InlineData("upgraded", "needs Delta reader version 3")]
    [InlineData("retyped", "its schema was changed by another writer")]
    [InlineData("made to check", "delta.constraints.positive")]
    public void A_table_that_somebody_changed_stops_its_topics_and_no_others(string how, string message)
    {
        Work();
        Change(how);
        Publish(20);
        Run(() => _fleet.Living[0].Halted.Count > 0 && _fleet.Living[0].Member.IsCaughtUp(s_b));

        var halted = Assert.Single(_fleet.Living[0].Halted);
        Assert.StartsWith("a/0: table 'licences' cannot be written: ", halted, StringComparison.Ordinal);
        Assert.Contains(message, halted, StringComparison.Ordinal);
    }

    [Fact]
    public void A_topic_that_was_created_anew_stops_and_says_from_where()
    {
        Work();
        var end = _broker.End(s_b);
        _broker.Replace("b");
        Run(() => _fleet.Living[0].Halted.Count > 0);
        Assert.StartsWith($"b/0: the worker needs offset {end} next, but the topic ends at 0: {end} offsets [0, {end})", Assert.Single(_fleet.Living[0].Halted), StringComparison.Ordinal);

        // The same, by the tables' own offsets, after a restart.
        Restart();
        Run(() => _fleet.Living[0].Halted.Count > 0);
        Assert.StartsWith($"b/0: table 'events' needs offset {end} next, but the topic ends at 0", Assert.Single(_fleet.Living[0].Halted), StringComparison.Ordinal);
        GoesOn(s_a);
    }

    [Fact]
    public void Offsets_that_expired_unread_stop_with_the_exact_gap_and_the_command_to_go_on()
    {
        Work();
        SimulatedHistory.StopAll(_world, _fleet, _world.Now + TimeSpan.FromMinutes(1));
        var stored = _broker.End(s_b);
        while (_broker.End(s_b) < stored + 5) SimulatedCity.Publish(_world, _broker, _truth, 50);
        _broker.Expire(s_b, stored + 3);
        _fleet.Start();
        Run(() => _fleet.Living[0].Halted.Count > 0);
        Assert.StartsWith($"b/0: table 'events' needs offset {stored} next, but the topic starts at {stored + 3}: 3 offsets [{stored}, {stored + 3}) expired before they were read.", Assert.Single(_fleet.Living[0].Halted), StringComparison.Ordinal);
        Assert.Contains($"pool accept-gap --topic b --partition 0 --to {stored + 3}", _fleet.Living[0].Halted[0], StringComparison.Ordinal);
        GoesOn(s_a);
    }

    /// <summary>The store takes every request and answers none: the oldest record's age says so, whatever else stands still.</summary>
    [Fact]
    public void A_stuck_commit_shows_within_thirty_seconds()
    {
        Work();
        _server.Weather = StoreWeather.Fair with { RequestLost = 1 };
        Publish(10);
        var from = _world.Now;
        Run(() => _fleet.Living[0].Status.OldestUncommitted >= TimeSpan.FromSeconds(29));
        Assert.InRange(_world.Now - from, TimeSpan.FromSeconds(29), TimeSpan.FromSeconds(31));
    }

    /// <summary>A worker that publishes 20 transfers' worth of rows into all tables.</summary>
    private void Work()
    {
        _fleet.Start();
        Publish(40);
        Run(() => SimulatedHistory.IsSettled(_broker, _fleet));
    }

    private void Publish(int transfers)
    {
        for (var i = 0; i < transfers; i++) SimulatedCity.Publish(_world, _broker, _truth, 50);
    }

    private void Run(Func<bool> done)
    {
        var reached = _world.RunUntil(done, _world.Now + TimeSpan.FromMinutes(5));
        Assert.Null(_world.Failure);
        Assert.True(reached, SimulatedHistory.Describe(_broker, _fleet));
    }

    private void Restart()
    {
        SimulatedHistory.StopAll(_world, _fleet, _world.Now + TimeSpan.FromMinutes(1));
        _fleet.Start();
    }

    private void GoesOn(TopicPartition partition)
    {
        var before = _broker.End(partition);
        while (_broker.End(partition) == before) SimulatedCity.Publish(_world, _broker, _truth, 50);
        Run(() => _fleet.Living[0].Member.IsCaughtUp(partition));
    }

    private void Change(string how)
    {
        const string Log = "licences/_delta_log/";
        var entries = _server.NamesBelow(Log).ToArray();
        var first = Encoding.UTF8.GetString(_server.Read(entries[0])!);
        var next = $"{Log}{entries.Length:D20}.json";
        const string Info = "{\"commitInfo\":{\"timestamp\":1,\"operation\":\"SOMETHING\",\"engineInfo\":\"other\"}}\n";
        switch (how)
        {
            case "re-created":
                var id = first[(first.IndexOf("\"metaData\":{\"id\":\"", StringComparison.Ordinal) + 18)..][..36];
                _server.Create(next, Encoding.UTF8.GetBytes(Info + Line(first, "metaData").Replace(id, "00000000-0000-0000-0000-000000000000", StringComparison.Ordinal)), false);
                break;
            case "restored":
                _server.Delete(entries[^1]);
                break;
            case "upgraded":
                _server.Create(next, Encoding.UTF8.GetBytes(Info + "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[],\"writerFeatures\":[]}}\n"), false);
                break;
            case "retyped":
                _server.Create(next, Encoding.UTF8.GetBytes(Info + Line(first, "metaData").Replace("\\\"name\\\":\\\"holder\\\",\\\"type\\\":\\\"string\\\"", "\\\"name\\\":\\\"holder\\\",\\\"type\\\":\\\"long\\\"", StringComparison.Ordinal)), false);
                break;
            default:
                _server.Create(next, Encoding.UTF8.GetBytes(Info + Line(first, "metaData").Replace("\"configuration\":{", "\"configuration\":{\"delta.constraints.positive\":\"no > 0\",", StringComparison.Ordinal)), false);
                break;
        }
    }

    private static string Line(string entry, string action) => entry.Split('\n').Single(l => l.StartsWith($"{{\"{action}\"", StringComparison.Ordinal)) + "\n";
}
