namespace Ingest.Tests.Simulation.Harness;

/// <summary>
/// One worker's process: the scheduler of its tasks and the clock of its timers. Killed, it never does anything again; frozen, it does nothing
/// until it is thawed, and then goes on where it stood, as after SIGSTOP and SIGCONT.
/// </summary>
internal sealed class Process : TaskScheduler
{
    private readonly World _world;
    private readonly List<Task> _ready = [];
    private readonly List<Action> _missed = [];

    public Process(World world, string name)
    {
        _world = world;
        Name = name;
        Clock = new ProcessClock(world, this);
        world.Processes.Add(this);
    }

    public string Name { get; }

    public ProcessClock Clock { get; }

    public bool IsAlive { get; private set; } = true;

    public bool IsFrozen { get; private set; }

    public int ReadyTasks => IsFrozen ? 0 : _ready.Count;

    public void Kill()
    {
        IsAlive = false;
        _ready.Clear();
        _missed.Clear();
        _world.Processes.Remove(this);
    }

    public void Freeze() => IsFrozen = true;

    public void Thaw()
    {
        IsFrozen = false;
        foreach (var act in _missed) _world.After(TimeSpan.Zero, () => Do(act));
        _missed.Clear();
    }

    /// <summary>Does something in this process: now, when it is thawed, or never.</summary>
    public void Do(Action act)
    {
        if (!IsAlive) return;
        if (IsFrozen) _missed.Add(act);
        else act();
    }

    /// <summary>Starts asynchronous work that belongs to this process.</summary>
    public Task Start(Func<Task> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    /// <summary>Runs one ready task: mostly the oldest, as a pool of threads would, and sometimes any other.</summary>
    public void RunOne()
    {
        var which = _ready.Count > 1 && _world.Chance(0.3) ? _world.Random.Next(_ready.Count) : 0;
        var task = _ready[which];
        _ready.RemoveAt(which);
        TryExecuteTask(task);
    }

    protected override void QueueTask(Task task)
    {
        _world.CheckThread();
        if (IsAlive) _ready.Add(task);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => _ready;
}
