using System.Diagnostics;
using System.Globalization;

namespace Ingest.Tests.Chaos.Harness;

/// <summary>The worker processes; one that has ended is started again, as an orchestrator does. Used by one thread at a time.</summary>
/// <param name="arguments">Settings of all.</param>
/// <param name="folder">Logs and index copies, one of each a slot.</param>
/// <param name="problems">Gets whatever a worker must not do: end by itself, or not end when it is told to.</param>
internal sealed class ChaosWorkers(IReadOnlyList<string> arguments, string folder, List<string> problems) : IDisposable
{
    /// <summary>What the system answers for a process that had no handler for SIGTERM yet.</summary>
    private const int NotYetListening = 128 + 15;

    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_endMax = TimeSpan.FromSeconds(20);
    private readonly List<ChaosWorker> _workers = [];
    private readonly List<ChaosWorker> _leaving = [];
    private int _wanted;

    public int Scale
    {
        get => _wanted;
        set
        {
            _wanted = value;
            while (_workers.Count > value)
            {
                _workers[^1].Terminate();
                _leaving.Add(_workers[^1]);
                _workers.RemoveAt(_workers.Count - 1);
            }

            Keep();
        }
    }

    /// <summary>Workers that ended after SIGTERM, and the longest time one took.</summary>
    public (int Count, TimeSpan Longest) Left { get; private set; }

    public bool AnyLeaving => _leaving.Count > 0;

    public ChaosWorker this[int worker] => _workers[worker];

    public string CacheOf(int worker) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"cache-{_workers[worker].Slot}"));

    /// <summary>Starts what is wanted and not there, and looks after those that were told to end.</summary>
    public void Keep()
    {
        foreach (var worker in _workers.Where(w => w.Process.HasExited).ToList())
        {
            if (!worker.IsKilled) problems.Add($"Worker {worker.Slot} ended by itself with {worker.Process.ExitCode}:\n{worker.Tail(12)}");
            _workers.Remove(worker);
        }

        foreach (var worker in _leaving.Where(w => w.Process.HasExited || w.Ending > s_endMax + s_endMax).ToList()) Leave(worker);
        for (var slot = 0; _workers.Count < _wanted; slot++)
        {
            if (_workers.All(w => w.Slot != slot)) _workers.Add(Start(slot));
        }
    }

    public async Task<string> DescribeAsync()
    {
        List<string> said = [];
        foreach (var worker in _workers.Concat(_leaving)) said.Add(await worker.DescribeAsync().ConfigureAwait(false));
        return string.Join('\n', said);
    }

    public void Dispose()
    {
        foreach (var worker in _workers.Concat(_leaving).Where(w => !w.Process.HasExited)) worker.Process.Kill();
    }

    private void Leave(ChaosWorker worker)
    {
        var took = worker.Ending;
        if (!worker.Process.HasExited)
        {
            problems.Add($"Worker {worker.Slot} did not end within {took.TotalSeconds:F0} s of SIGTERM:\n{worker.Tail(12)}");
            worker.Process.Kill();
        }
        else if (worker.Process.ExitCode != 0 && !(worker.Process.ExitCode == NotYetListening && took < s_start))
        {
            problems.Add($"Worker {worker.Slot} ended with {worker.Process.ExitCode} after SIGTERM:\n{worker.Tail(12)}");
        }

        Left = (Left.Count + 1, took > Left.Longest ? took : Left.Longest);
        _leaving.Remove(worker);
    }

    private ChaosWorker Start(int slot)
    {
        var log = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"worker-{slot}.log"));
        var port = FreePorts.Next();
        var start = new ProcessStartInfo("/bin/sh");
        string[] own = [$"--Ingest:Table:IndexCache={Path.Combine(folder, $"cache-{slot}")}", $"--Ingest:Health:Port={port}"];
        foreach (var argument in (string[])["-c", $"exec \"$0\" \"$@\" >> {log} 2>&1", "dotnet", Path.Combine(AppContext.BaseDirectory, "Ingest.Worker.dll"), "run", .. arguments, .. own]) start.ArgumentList.Add(argument);
        return new ChaosWorker(Process.Start(start) ?? throw new InvalidOperationException("No worker."), slot, port, log);
    }
}
