using Ingest.Core.Transfers;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>Misfortunes, one after the other, for as long as the history is troubled.</summary>
internal sealed class Storm(World world, ObjectServer server, Broker broker, Truth truth, Fleet fleet, SimulationSetting setting)
{
    private int _weather;
    private bool _asleep;

    public bool IsOver { get; private set; }

    public void Begin() => world.After(world.Between(TimeSpan.Zero, setting.FaultEvery * 2), Strike);

    /// <summary>Mends everything that can be mended by itself.</summary>
    public void End()
    {
        IsOver = true;
        _weather++;
        server.Weather = StoreWeather.Fair;
        foreach (var worker in fleet.Living)
        {
            worker.FreezeAtCommit = null;
            worker.Process.Clock.Skew = TimeSpan.Zero;
            if (worker.Process.IsFrozen) worker.Process.Thaw();
        }

        fleet.Bury();
        if (!fleet.Living.Any(w => !w.IsStopping)) fleet.Start();
        world.Note("mended", "");
    }

    /// <summary>Nobody works for a long time. Some wake afterwards where they stood; others come anew, and may have been at work for a minute by then.</summary>
    public void Sleep(TimeSpan duration)
    {
        world.Fault("long sleep", duration.ToString());
        _asleep = true;
        fleet.Bury();
        foreach (var worker in fleet.Living.ToArray())
        {
            if (world.Chance(0.4)) fleet.Kill(worker);
            else if (world.Chance(0.5)) worker.FreezeAtCommit = static w => w.Process.Freeze();
        }

        // Some fall asleep in the middle of a commit, or of trying again; the rest wherever they are.
        if (world.Chance(0.5)) server.Weather = world.Chance(0.3) ? StoreWeather.Down : StoreWeather.RefusedCommits(world.Chance(0.7) ? SimulatedCity.Events : SimulatedCity.Licences);
        world.RunUntil(() => fleet.Living.All(w => w.Process.IsFrozen), world.Now + TimeSpan.FromSeconds(5));
        foreach (var worker in fleet.Living)
        {
            worker.FreezeAtCommit = null;
            if (!worker.Process.IsFrozen) worker.Process.Freeze();
        }

        _weather++;
        server.Weather = StoreWeather.Fair;

        // What is on its way to the store arrives, or never does.
        world.RunUntil(() => false, world.Now + TimeSpan.FromMinutes(3));
        world.Leap(duration);
        if (setting.Housekeeping.Enabled && world.Chance(0.5)) Upkeep.Clean(world, server, setting, fleet.Folder);
        _asleep = false;
        foreach (var sleeper in fleet.Living) world.After(world.Between(TimeSpan.Zero, TimeSpan.FromSeconds(60)), () => Thaw(sleeper));
        if (fleet.Living.Count < setting.WorkersMax && (fleet.Living.Count == 0 || world.Chance(0.7))) fleet.Start();
    }

    private void Strike()
    {
        if (IsOver) return;
        if (_asleep)
        {
            world.After(setting.FaultEvery, Strike);
            return;
        }

        fleet.Bury();
        if (setting.HasEchoes && world.Chance(0.4))
        {
            EchoOfLateCommit();
            world.After(world.Between(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(40)), Strike);
            return;
        }

        var worker = fleet.Living.Count > 0 ? fleet.Living[world.Random.Next(fleet.Living.Count)] : null;
        switch (world.Random.Next(setting.HasLoudStops ? 14 : 13))
        {
            case 0 or 1 when worker is not null: Kill(worker); break;
            case 2 when worker is { Process.IsFrozen: false }: Freeze(worker); break;
            case 3 when worker is { Process.IsFrozen: false }: worker.FreezeAtCommit = FreezeAtCommit; break;
            case 4 or 5 or 6: Weather(); break;
            case 7:
                world.Fault("rebalance", "");
                broker.Group.Rebalance();
                break;
            case 8 when worker is not null:
                world.Fault("clock jump", worker.Process.Name);
                worker.Process.Clock.Skew = world.Between(TimeSpan.FromDays(-1), TimeSpan.FromDays(1));
                break;
            case 9 when fleet.Living.Count < setting.WorkersMax:
                world.Fault("scale up", "");
                fleet.Start();
                break;
            case 10 when fleet.Living.Count > 1 && worker is { Process.IsFrozen: false, IsStopping: false }:
                world.Fault("scale down", worker.Process.Name);
                worker.Stop();
                break;
            case 11: Retention(beyond: false); break;
            case 12: LateCommits(worker); break;
            case 13:
                if (world.Chance(0.7)) Retention(beyond: true);
                else Replace();
                break;
            default:
                if (worker is not null) DeleteCache(worker);
                break;
        }

        world.After(world.Between(TimeSpan.Zero, setting.FaultEvery * 2), Strike);
    }

    private void Kill(SimulatedWorker worker)
    {
        world.Fault("kill", worker.Process.Name);
        fleet.Kill(worker);
        var folder = world.Chance(0.3) ? null : worker.CacheFolder;
        world.After(world.Between(TimeSpan.Zero, TimeSpan.FromSeconds(15)), () =>
        {
            if (!IsOver && !_asleep && fleet.Living.Count < setting.WorkersMax) fleet.Start(folder);
        });
    }

    /// <summary>Sometimes shorter than the group's session, sometimes longer: then it wakes as a zombie with work in hand.</summary>
    private void Freeze(SimulatedWorker worker)
    {
        world.Fault("freeze", worker.Process.Name);
        worker.Process.Freeze();
        world.After(world.Between(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(world.Chance(0.1) ? 400 : 40)), () => Thaw(worker));
    }

    /// <summary>With a finished batch in hand, just long enough for others to have taken over and begun.</summary>
    private void FreezeAtCommit(SimulatedWorker worker)
    {
        if (IsOver || _asleep || worker.Process.IsFrozen) return;
        world.Fault("freeze at a commit", worker.Process.Name);
        worker.Process.Freeze();
        world.After(world.Between(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(14)), () => Thaw(worker));
    }

    private void Thaw(SimulatedWorker worker)
    {
        if (_asleep || !worker.Process.IsFrozen || !worker.Process.IsAlive) return;
        world.Note("thaw", worker.Process.Name);
        worker.Process.Thaw();
    }

    private void Weather()
    {
        var mine = ++_weather;
        world.Fault("bad weather", "");
        server.Weather = StoreWeather.DrawBad(world);
        world.After(world.Between(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30)), () =>
        {
            if (mine == _weather) server.Weather = StoreWeather.Fair;
        });
    }

    /// <summary>And just then somebody else takes over, who has read the table before they arrive.</summary>
    private void LateCommits(SimulatedWorker? worker)
    {
        var mine = ++_weather;
        string[] tables = [SimulatedCity.Events, SimulatedCity.Licences, Core.Contracts.QuarantineDataset.Name, Core.Contracts.QuarantineDataset.Name];
        var table = tables[world.Random.Next(tables.Length)];
        world.Fault("late commits", table);
        server.Weather = StoreWeather.LateCommits(table);
        world.After(world.Between(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(8)), () =>
        {
            if (mine != _weather || IsOver || _asleep) return;
            if (worker is not null && fleet.Living.Contains(worker) && world.Chance(0.3)) Kill(worker);
            else if (worker is { Process: { IsFrozen: false, IsAlive: true } } && world.Chance(0.3)) FreezeAtCommit(worker);
            else broker.Group.Rebalance();
        });
        world.After(world.Between(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(35)), () =>
        {
            if (mine == _weather) server.Weather = StoreWeather.Fair;
        });
    }

    /// <summary>An event's commit arrives when its worker has given it up with the partition, and just then there is an equal event in the partition that it kept.</summary>
    private void EchoOfLateCommit()
    {
        var partitions = broker.Partitions.Where(p => p.Topic == "a" && !broker.IsReplaced(p)).ToArray();
        if (partitions.Length < 2) return;
        var mine = ++_weather;
        var first = world.Random.Next(2);
        var key = $"e{1000 + world.Random.Next(1000)}";
        world.Fault("echo of a late commit", key);
        server.Weather = StoreWeather.OnlyLateCommits(SimulatedCity.Events);
        SimulatedCity.PublishEvent(broker, truth, partitions[first], key);
        world.After(world.Between(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(6)), broker.Group.Rebalance);
        var echo = world.Between(TimeSpan.FromSeconds(12), TimeSpan.FromSeconds(28));
        world.After(echo, () =>
        {
            if (IsOver || _asleep) return;
            SimulatedCity.PublishEvent(broker, truth, partitions[1 - first], key);
        });
        world.After(echo + world.Between(TimeSpan.Zero, TimeSpan.FromSeconds(20)), () =>
        {
            if (mine == _weather) server.Weather = StoreWeather.Fair;
        });
    }

    private void DeleteCache(SimulatedWorker worker)
    {
        world.Fault("cache deleted", worker.Process.Name);
        if (Directory.Exists(worker.CacheFolder)) Directory.Delete(worker.CacheFolder, recursive: true);
    }

    /// <summary>The broker deletes old messages: those that every table has, or (loudly) more than that.</summary>
    private void Retention(bool beyond)
    {
        var partition = broker.Partitions[world.Random.Next(broker.Partitions.Count)];
        if (broker.IsReplaced(partition) || StoredEverywhere(partition) is not { } stored || (beyond && stored == broker.End(partition))) return;
        world.Fault(beyond ? "expired unread" : "retention", partition.ToString());
        broker.Expire(partition, beyond ? world.Random.NextInt64(stored, broker.End(partition)) + 1 : stored);
    }

    /// <summary>Only where every table has something of each of its partitions: else there is nothing to tell it by.</summary>
    private void Replace()
    {
        if (!broker.Partitions.Where(p => p.Topic == "b").All(p => !broker.IsReplaced(p) && StoredEverywhere(p) > 0)) return;
        world.Fault("topic re-created", "b");
        broker.Replace("b");
    }

    private long? StoredEverywhere(TopicPartition partition)
    {
        var lowest = long.MaxValue;
        foreach (var table in SimulatedCity.TablesOf(partition.Topic))
        {
            if (!server.WatchOf(table).Log.Offsets.TryGetValue($"ingest/{SimulatedWorker.SourceName}/{partition}", out var stored)) return null;
            lowest = Math.Min(lowest, stored);
        }

        return lowest;
    }
}
