using System.Diagnostics;
using Ingest.Core;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>Many seeds, one world a thread at a time.</summary>
internal static class SeedRun
{
    /// <summary>Local run caches lie in memory where the system has such a folder: they are the only disk that a history touches.</summary>
    public static string WorkFolder()
    {
        var shared = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        return Path.Combine(shared, $"ingest-simulation-{Environment.ProcessId}");
    }

    /// <summary>
    /// Runs seeds from <paramref name="from"/> on until there were <paramref name="count"/>, time is up, <paramref name="stopAfterFailures"/> have failed, or <paramref name="stop"/> says so: what was
    /// begun is then ended, so that all seeds below <see cref="SeedTotals.Next"/> were run.
    /// </summary>
    public static SeedTotals Run(int from, int count, int threads, TimeSpan atMost, int stopAfterFailures, Action<SeedTotals>? progress = null, CancellationToken stop = default)
    {
        var totals = new SeedTotals();
        var folder = WorkFolder();
        var watch = Stopwatch.StartNew();
        var next = from - 1;
        var workers = Enumerable.Range(0, threads).Select(t => new Thread(() =>
        {
            while (watch.Elapsed < atMost && totals.Failed.Count < stopAfterFailures && !stop.IsCancellationRequested)
            {
                var seed = Interlocked.Increment(ref next);
                if (seed >= (long)from + count) return;
                totals.Add(RunOne(seed, Path.Combine(folder, $"t{t}")));
                if (progress is not null && totals.Seeds % 1000 == 0) progress(totals);
            }
        }, 16 << 20)).ToArray();
        foreach (var worker in workers) worker.Start();
        foreach (var worker in workers) worker.Join();
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        totals.Elapsed = watch.Elapsed;
        totals.Next = from + totals.Seeds;
        return totals;
    }

    /// <summary>A history; whatever it throws is its failure.</summary>
    /// <param name="bug">A deliberate bug; does something only in builds that have them.</param>
    public static HistoryResult RunOne(int seed, string folder, TextWriter? trace = null, Bug bug = Bug.None)
    {
        Mutation.Current = bug;
        try
        {
            return SimulatedHistory.Run(seed, folder, trace);
        }
#pragma warning disable CA1031 // Whatever a history throws is what the seed is kept for.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            return new HistoryResult(seed, $"The history threw: {thrown}", TimeSpan.Zero, 0, 0, new Dictionary<string, int>(), 0);
        }
        finally
        {
            Mutation.Current = Bug.None;
        }
    }
}

/// <summary>What many seeds add up to. Thread-safe.</summary>
internal sealed class SeedTotals
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, long> _faults = new(StringComparer.Ordinal);

    public int Seeds { get; private set; }

    public TimeSpan Simulated { get; private set; }

    public long Steps { get; private set; }

    public long Requests { get; private set; }

    /// <summary>All histories in one number, in whatever order they ended: equal for the same seeds of the same code.</summary>
    public ulong Histories { get; private set; }

    public TimeSpan Elapsed { get; set; }

    /// <summary>The first seed that was not run.</summary>
    public int Next { get; set; }

    /// <summary>As they stand now: others may be counting.</summary>
    public IReadOnlyDictionary<string, long> Faults
    {
        get
        {
            lock (_lock) return new SortedDictionary<string, long>(_faults, StringComparer.Ordinal);
        }
    }

    public List<HistoryResult> Failed { get; } = [];

    public void Add(HistoryResult result)
    {
        lock (_lock)
        {
            Seeds++;
            Simulated += result.Simulated;
            Steps += result.Steps;
            Requests += result.Requests;
            Histories += (result.History ^ (ulong)result.Seed) * 0x9e3779b97f4a7c15;
            foreach (var (kind, count) in result.Faults) _faults[kind] = _faults.GetValueOrDefault(kind) + count;
            if (result.Failure is not null) Failed.Add(result);
        }
    }
}
