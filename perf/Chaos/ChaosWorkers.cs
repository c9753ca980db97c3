using System.Diagnostics;
using System.Globalization;

namespace Ingest.Perf.Chaos;

/// <summary>The worker processes; one that has ended is started again, as an orchestrator does.</summary>
internal sealed class ChaosWorkers(IReadOnlyList<string> arguments, string folder) : IDisposable
{
    private readonly List<(Process Process, int Slot)> _workers = [];
    private readonly Lock _lock = new();
    private int _wanted;
    private int _next;

    /// <summary>Unexpected ends: how many, and the last words of the last one.</summary>
    public (int Count, string Log) Ended { get; private set; }

    public int Scale
    {
        get => _wanted;
        set
        {
            lock (_lock)
            {
                _wanted = value;
                while (_workers.Count > value)
                {
                    Signal("-TERM", _workers[^1].Process);
                    _workers.RemoveAt(_workers.Count - 1);
                }
            }

            Keep();
        }
    }

    public string CacheOf(int worker) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"cache-{_workers[worker].Slot}"));

    /// <summary>Starts what is wanted and not there.</summary>
    public void Keep()
    {
        lock (_lock)
        {
            foreach (var (process, slot) in _workers.Where(w => w.Process.HasExited).ToList())
            {
                if (process.ExitCode != 137) Ended = (Ended.Count + 1, $"exit code {process.ExitCode}: {Tail(slot)}");
                _workers.Remove((process, slot));
            }

            while (_workers.Count < _wanted) _workers.Add(Start(_next++));
        }
    }

    public void Kill(int worker) => _workers[worker].Process.Kill();

    public async Task FreezeAsync(int worker, TimeSpan time, CancellationToken cancellation)
    {
        var process = _workers[worker].Process;
        Signal("-STOP", process);
        await Task.Delay(time, cancellation).ConfigureAwait(false);
        Signal("-CONT", process);
    }

    public void Dispose()
    {
        foreach (var (process, _) in _workers.Where(w => !w.Process.HasExited)) process.Kill();
    }

    private (Process, int) Start(int slot)
    {
        var log = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"worker-{slot}.log"));
        var start = new ProcessStartInfo("/bin/sh");
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"exec \"$0\" \"$@\" > {log} 2>&1");
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Ingest.Worker"));
        start.ArgumentList.Add("run");
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"--Ingest:Table:IndexCache={Path.Combine(folder, $"cache-{slot}")}"));
        return (Process.Start(start) ?? throw new InvalidOperationException("No worker."), slot);
    }

    private string Tail(int slot)
    {
        var lines = File.ReadAllLines(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"worker-{slot}.log")));
        return string.Join('\n', lines.TakeLast(12));
    }

    private static void Signal(string signal, Process process)
    {
        using var kill = Process.Start("kill", [signal, process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }
}
