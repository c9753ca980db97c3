namespace Ingest.Tests.Simulation.Harness;

/// <summary>
/// Time, chance and what happens next, for everything that is simulated. One thread, one seed: the same seed gives the same history.
/// </summary>
internal sealed class World(int seed)
{
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _order;

    public Random Random { get; } = new(seed);

    /// <summary>Virtual time since the start.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>Tasks and events carried out so far.</summary>
    public long Steps { get; private set; }

    public List<Process> Processes { get; } = [];

    /// <summary>The first thing that must never happen and did; null so far.</summary>
    public string? Failure { get; private set; }

    public void Fail(string what) => Failure ??= what;

    /// <summary>Does something later, whoever lives or dies meanwhile.</summary>
    public void After(TimeSpan delay, Action act)
    {
        if (Environment.CurrentManagedThreadId != _thread) Fail($"Something ran beside the simulation: {Environment.StackTrace}");
        lock (_events) _events.Enqueue(act, (Now + (delay > TimeSpan.Zero ? delay : TimeSpan.Zero), _order++));
    }

    /// <summary>Runs until <paramref name="done"/>, a failure, or virtual time <paramref name="atMost"/>; true when done.</summary>
    public bool RunUntil(Func<bool> done, TimeSpan atMost)
    {
        while (Failure is null && Now < atMost)
        {
            if (done()) return true;
            if (!Step()) return done();
        }

        return false;
    }

    public TimeSpan Between(TimeSpan least, TimeSpan most) => least + ((most - least) * Random.NextDouble());

    public bool Chance(double probability) => Random.NextDouble() < probability;

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

    /// <summary>Fails the simulation when called from another thread than its own: then it would not replay.</summary>
    public void CheckThread()
    {
        if (Environment.CurrentManagedThreadId != _thread) Fail($"Something ran beside the simulation: {Environment.StackTrace}");
    }
}
