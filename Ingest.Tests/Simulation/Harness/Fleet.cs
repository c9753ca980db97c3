namespace Ingest.Tests.Simulation.Harness;

/// <summary>The workers of a history: those that live, and the folders that the dead left behind.</summary>
internal sealed class Fleet(World world, ObjectServer server, Broker broker, SimulationSetting setting, string folder) : IDisposable
{
    private readonly List<SimulatedWorker> _living = [];
    private readonly List<Member> _members = [];
    private int _started;
    private int _folders;

    /// <summary>Where the workers' folders are.</summary>
    public string Folder => folder;

    /// <summary>Workers that were not killed and have not ended.</summary>
    public IReadOnlyList<SimulatedWorker> Living => _living;

    /// <summary>The consumers of all workers that ever were.</summary>
    public IReadOnlyList<Member> Members => _members;

    public SimulatedWorker Start(string? cacheFolder = null)
    {
        var worker = new SimulatedWorker(world, $"w{_started++}", server, broker, cacheFolder ?? Path.Combine(folder, $"c{_folders++}"), setting);
        world.Note("start", worker.Process.Name);
        _living.Add(worker);
        _members.Add(worker.Member);
        return worker;
    }

    /// <summary>Kills it where it stands; its folder stays as it is, for the next.</summary>
    public void Kill(SimulatedWorker worker)
    {
        worker.Process.Kill();
        _living.Remove(worker);
        worker.Dispose();

        // The operating system lets go of a dead process's locks; here it would hold them until the end.
        var slot = Path.Combine(worker.CacheFolder, "worker-0", ".lock");
        if (File.Exists(slot)) File.Delete(slot);
        var sealing = Path.Combine(worker.CacheFolder, "worker-0", "sealing");
        if (Directory.Exists(sealing)) Directory.Delete(sealing, recursive: true);
    }

    /// <summary>Lets go of workers that have ended in good order.</summary>
    public void Bury()
    {
        for (var i = _living.Count - 1; i >= 0; i--)
        {
            if (!_living[i].HasEnded) continue;
            world.Note("ended", _living[i].Process.Name);
            _living[i].Process.Kill();
            _living[i].Dispose();
            _living.RemoveAt(i);
        }
    }

    public void Dispose()
    {
        foreach (var worker in _living) worker.Dispose();
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}
