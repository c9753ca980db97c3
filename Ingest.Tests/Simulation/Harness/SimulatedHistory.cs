using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>One history from one seed: departments publish, workers work, misfortunes happen; then all is mended, everything must come to its end, and the oracle judges.</summary>
internal static class SimulatedHistory
{
    /// <summary>Virtual time within which everything must be committed once all is mended.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(20);

    /// <summary>Likewise until what workers say of themselves is true.</summary>
    private static readonly TimeSpan s_hearsay = TimeSpan.FromMinutes(2);

    public static HistoryResult Run(int seed, string folder, TextWriter? trace = null)
    {
        var world = new World(seed, trace);
        var setting = SimulationSetting.Of(seed, world.Random);
        var server = new ObjectServer(world);
        var broker = new Broker(world, new SortedDictionary<string, int>(StringComparer.Ordinal) { ["a"] = 2, ["b"] = 1 }, setting.IsCooperative);
        var truth = new Truth();
        Watch(world, server, setting);
        using var fleet = new Fleet(world, server, broker, setting, Path.Combine(folder, $"s{seed}"));
        if (trace is not null) trace.WriteLine($"seed {seed}: {setting}");

        var storm = new Storm(world, server, broker, truth, fleet, setting);
        for (var i = world.Random.Next(1, setting.WorkersMax + 1); i > 0; i--) fleet.Start();
        storm.Begin();
        var days = setting.Sleeps.Length + 1;
        for (var day = 0; day < days; day++)
        {
            if (day > 0) storm.Sleep(setting.Sleeps[day - 1]);
            Publish(world, broker, truth, setting, setting.Transfers / days, setting.Trouble / days);
            world.RunUntil(() => false, world.Now + (setting.Trouble / days));
        }

        Finish(world, server, broker, truth, fleet, storm, setting, folder);
        return new HistoryResult(seed, world.Failure, world.Now - world.Slept, world.Steps, server.Requests, world.Faults, world.History);
    }

    /// <summary>Every change in the tables' folders is judged from now on.</summary>
    public static void Watch(World world, ObjectServer server, SimulationSetting setting)
    {
        foreach (var table in (string[])[SimulatedCity.Events, SimulatedCity.Licences, QuarantineDataset.Name]) server.Watch(new TableWatch(world, server, table, setting.UsesParquet));
    }

    private static void Publish(World world, Broker broker, Truth truth, SimulationSetting setting, int transfers, TimeSpan within)
    {
        var bursts = Enumerable.Range(0, setting.Bursts).Select(_ => world.Between(TimeSpan.Zero, within)).ToArray();
        for (var i = 0; i < transfers; i++)
        {
            world.After(bursts.Length > 0 ? bursts[world.Random.Next(bursts.Length)] : world.Between(TimeSpan.Zero, within), () =>
            {
                if (!broker.Partitions.Any(broker.IsReplaced)) SimulatedCity.Publish(world, broker, truth, setting.Variety, setting.Refused);
            });
        }
    }

    private static void Finish(World world, ObjectServer server, Broker broker, Truth truth, Fleet fleet, Storm storm, SimulationSetting setting, string folder)
    {
        storm.End();
        var deadline = world.Now + s_patience;
        if (!world.RunUntil(() => IsSettled(broker, fleet), deadline)) world.Fail($"Stuck: {Describe(broker, fleet)}");
        // Both at the same moment: a worker that wakes makes the others hand over what had been settled.
        if (!world.RunUntil(() => KnowWhatTheyHold(fleet) && IsSettled(broker, fleet), world.Now + s_hearsay)) world.Fail($"A worker says that it reads what it has handed over or lost: {Describe(broker, fleet)}");

        // What stopped loudly and can go on is helped on its way, as its message says.
        if (fleet.Living.SelectMany(w => w.Halted).Any(h => h.Contains("expired", StringComparison.Ordinal) || h.Contains("not in the log", StringComparison.Ordinal)))
        {
            StopAll(world, fleet, deadline);
            AcceptGaps(world, server, broker);
            fleet.Start();
            if (!world.RunUntil(() => IsSettled(broker, fleet), deadline)) world.Fail($"Stuck after its gaps were accepted: {Describe(broker, fleet)}");
        }

        foreach (var partition in broker.Partitions.Where(broker.IsReplaced))
        {
            if (!fleet.Living.SelectMany(w => w.Halted).Any(h => h.StartsWith($"{partition}: ", StringComparison.Ordinal) && h.Contains("re-created", StringComparison.Ordinal)))
                world.Fail($"{partition} was re-created, and nobody says so: {Describe(broker, fleet)}");
        }

        foreach (var halted in fleet.Living.SelectMany(w => w.Halted))
        {
            if (!broker.Partitions.Any(p => broker.IsReplaced(p) && halted.StartsWith(p.ToString(), StringComparison.Ordinal))) world.Fail($"Halted for no reason: {halted}");
        }

        StopAll(world, fleet, deadline);
        if (setting.Housekeeping.Enabled && world.Failure is null) Upkeep.Run(world, server, setting, folder);
        if (world.Failure is not null) return;
        var findings = Oracle.Judge(server, broker, truth);
        findings = [.. findings, .. Oracle.Reports(server, fleet.Members)];
        if (findings.Count > 0) world.Fail(string.Join('\n', findings.Take(10)));
    }

    /// <summary>A stopped partition counts once the worker says so to the outside, which it does a moment after it stopped.</summary>
    private static bool Says(SimulatedWorker worker, TopicPartition partition) => worker.Halted.Any(h => h.StartsWith($"{partition}: ", StringComparison.Ordinal));

    /// <summary>All that is published is committed, or stopped loudly.</summary>
    public static bool IsSettled(Broker broker, Fleet fleet)
    {
        // Asked after every step: by index, and no longer than it takes.
        for (var p = 0; p < broker.Partitions.Count; p++)
        {
            if (!IsSettled(broker, broker.Partitions[p], fleet)) return false;
        }

        return true;
    }

    private static bool IsSettled(Broker broker, TopicPartition partition, Fleet fleet)
    {
        // What was created anew can only be stopped at: who woke just now, and stands where it was read from first, has not looked yet.
        var isReplaced = broker.IsReplaced(partition);
        for (var w = 0; w < fleet.Living.Count; w++)
        {
            var worker = fleet.Living[w];
            if ((!isReplaced && worker.Member.IsCaughtUp(partition)) || (worker.Member.IsHalted(partition) && Says(worker, partition))) return true;
        }

        return false;
    }

    /// <summary>What a worker says of itself is what its readiness is made of: a partition that it has no more would look unread for ever.</summary>
    private static bool KnowWhatTheyHold(Fleet fleet)
    {
        foreach (var worker in fleet.Living)
        {
            if (worker.Status.AssignedPartitions > worker.Member.HeldCount) return false;
        }

        return true;
    }

    public static void StopAll(World world, Fleet fleet, TimeSpan deadline)
    {
        foreach (var worker in fleet.Living) worker.Stop();
        if (!world.RunUntil(() => fleet.Living.All(w => w.HasEnded), deadline)) world.Fail("A worker did not end in good order.");
        fleet.Bury();
    }

    /// <summary>What <c>pool accept-gap</c> does.</summary>
    private static void AcceptGaps(World world, ObjectServer server, Broker broker)
    {
        Operate(world, "Accepting gaps", async clock =>
        {
            foreach (var partition in broker.Partitions.Where(p => !broker.IsReplaced(p)))
            {
                foreach (var table in SimulatedCity.TablesOf(partition.Topic))
                {
                    var log = await DeltaTable.OpenAsync(new PrefixedStore(new StoreClient(server), table), table, new SeededIdSource(world.Random.Next()), clock, CancellationToken.None);
                    if (log is not null && await log.AcceptGapAsync(SimulatedWorker.SourceName, partition, broker.Start(partition), CancellationToken.None) is { Outcome: not CommitOutcome.Committed } refused)
                        world.Fail($"The gap of {partition} was not accepted: {refused}");
                }
            }
        });
    }

    /// <summary>A command that somebody runs by hand.</summary>
    public static void Operate(World world, string what, Func<TimeProvider, Task> work)
    {
        var operation = new Process(world, "operator");
        var done = operation.Start(() => work(operation.Clock));
        world.RunUntil(() => done.IsCompleted, world.Now + TimeSpan.FromMinutes(10));
        if (!done.IsCompletedSuccessfully) world.Fail($"{what} failed: {done.Exception?.ToString() ?? "it did not end"}");
        world.Processes.Remove(operation);
    }

    public static string Describe(Broker broker, Fleet fleet) => string.Join("; ", broker.Partitions.Select(p => $"{p} ends at {broker.End(p)}")
        .Concat(fleet.Living.Select(w => $"{w.Process.Name} {w.Member.Describe()}, says {w.Status.AssignedPartitions}{(w.HasEnded ? " (ended)" : "")} {string.Join(", ", w.Halted)}")));
}

/// <summary>What came of a seed.</summary>
/// <param name="Failure">Null when all was as it must be.</param>
internal sealed record HistoryResult(int Seed, string? Failure, TimeSpan Simulated, long Steps, int Requests, IReadOnlyDictionary<string, int> Faults, ulong History);
