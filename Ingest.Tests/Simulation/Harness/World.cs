using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>
/// Time, chance and what happens next, for everything that is simulated. One thread, one seed: the same seed gives the same history.
/// </summary>
internal sealed class World(int seed, TextWriter? trace = null)
{
    /// <summary>Far more than any history takes that comes to its end.</summary>
    private const long StepsMax = 5_000_000;

    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private readonly SortedDictionary<string, int> _faults = new(StringComparer.Ordinal);
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _order;
    private ulong _history = 0xcbf29ce484222325;

    public Random Random { get; } = new(seed);

    /// <summary>Virtual time since the start.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>Tasks and events carried out so far.</summary>
    public long Steps { get; private set; }

    public List<Process> Processes { get; } = [];

    /// <summary>The first thing that must never happen and did; null so far.</summary>
    public string? Failure { get; private set; }

    /// <summary>Hash of everything noted, in order: equal histories have equal ones.</summary>
    public ulong History => _history;

    public bool IsTracing => trace is not null;

    /// <summary>Misfortunes by kind.</summary>
    public IReadOnlyDictionary<string, int> Faults => _faults;

    public void Fail(string what) => Failure ??= what;

    /// <summary>Notes that something happened; part of the history's hash.</summary>
    public void Note(string what, string to, long number = 0)
    {
        _history = (_history ^ XxHash3.HashToUInt64(MemoryMarshal.AsBytes(what.AsSpan())) ^ (ulong)Now.Ticks) * 0x100000001b3;
        _history = (_history ^ XxHash3.HashToUInt64(MemoryMarshal.AsBytes(to.AsSpan())) ^ (ulong)number) * 0x100000001b3;
        trace?.WriteLine($"{Now.TotalSeconds,10:F4} {(TaskScheduler.Current as Process)?.Name,3} {what} {to}{(number == 0 ? "" : $" {number}")}");
    }

    /// <summary>Writes to the trace only.</summary>
    public void Trace(string what) => trace?.WriteLine($"{Now.TotalSeconds,10:F4} {what}");

    /// <summary>Counts and notes a misfortune.</summary>
    public void Fault(string kind, string to)
    {
        _faults[kind] = _faults.GetValueOrDefault(kind) + 1;
        Note(kind, to);
    }

    /// <summary>Does something later, whoever lives or dies meanwhile.</summary>
    public void After(TimeSpan delay, Action act)
    {
        CheckThread();
        _events.Enqueue(act, (Now + (delay > TimeSpan.Zero ? delay : TimeSpan.Zero), _order++));
    }

    /// <summary>How much of <see cref="Now"/> was only leapt over.</summary>
    public TimeSpan Slept { get; private set; }

    /// <summary>Time passes in which nothing happens: everything that should have, does so afterwards.</summary>
    public void Leap(TimeSpan duration)
    {
        Now += duration;
        Slept += duration;
    }

    /// <summary>Runs until <paramref name="done"/>, a failure, or virtual time <paramref name="atMost"/>; true when done.</summary>
    public bool RunUntil(Func<bool> done, TimeSpan atMost)
    {
        while (Failure is null && Now < atMost)
        {
            if (done()) return true;
            if (!Step()) return done();
            if (Steps > StepsMax) Fail("It never comes to rest.");
        }

        return false;
    }

    public TimeSpan Between(TimeSpan least, TimeSpan most) => least + ((most - least) * Random.NextDouble());

    public bool Chance(double probability) => Random.NextDouble() < probability;

    /// <summary>Fails the simulation when called from another thread than its own: then it would not replay.</summary>
    public void CheckThread()
    {
        if (Environment.CurrentManagedThreadId != _thread) Fail($"Something ran beside the simulation: {Environment.StackTrace}");
    }

    /// <summary>One ready task of any process, or, when none is ready, the next event in time; false when nothing will ever happen again.</summary>
    private bool Step()
    {
        Steps++;
        var ready = 0;
        foreach (var process in Processes) ready += process.ReadyTasks;
        if (ready > 0)
        {
            var chosen = Random.Next(ready);
            foreach (var process in Processes)
            {
                if (chosen < process.ReadyTasks)
                {
                    process.RunOne();
                    return true;
                }

                chosen -= process.ReadyTasks;
            }
        }

        if (!_events.TryDequeue(out var act, out var due)) return false;
        Now = due.At > Now ? due.At : Now;
        act();
        return true;
    }
}
