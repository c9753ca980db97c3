namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// That the worker is to end, and by when: the control loop's view of a SIGTERM. What is worth waiting for then is only the commit of what is open, and that not for longer than a hand-over may
/// take, however many hand-overs and commits follow each other until the end.
/// </summary>
internal sealed class Ending : IDisposable
{
    /// <summary>What all that comes after the last commit may take together: leaving the group, checkpoints, merges, leases.</summary>
    private static readonly TimeSpan s_leavingMax = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _overdue = new();
    private readonly TaskCompletionSource _over = new(); // continued here and now: a simulated worker has one thread
    private readonly CancellationTokenRegistration _registration;
    private readonly TimeProvider _time;
    private readonly TimeSpan _atMost;
    private ITimer? _timer;
    private ITimer? _lastTimer;

    /// <param name="atMost">How long it may go on committing after it was asked to end.</param>
    /// <param name="asked">Cancelled when the worker is to end.</param>
    public Ending(TimeSpan atMost, TimeProvider time, CancellationToken asked)
    {
        Asked = asked;
        _time = time;
        _atMost = atMost;
        _registration = asked.UnsafeRegister(static ending => ((Ending)ending!).Begin(), this);
    }

    /// <summary>Cancelled as soon as the worker is to end.</summary>
    public CancellationToken Asked { get; }

    /// <summary>Cancelled when it should have ended.</summary>
    public CancellationToken Overdue => _overdue.Token;

    /// <summary>Completes when nothing more is waited for: whatever still runs then waits itself, for a store or brokers that do not answer.</summary>
    public Task Over => _over.Task;

    public void Dispose()
    {
        // Not the source of the token: the timer may be about to cancel it, and there is nothing in it to give back.
        _registration.Dispose();
        _timer?.Dispose();
        _lastTimer?.Dispose();
    }

    private void Begin()
    {
        _timer = _time.CreateTimer(static overdue => ((CancellationTokenSource)overdue!).Cancel(), _overdue, _atMost, Timeout.InfiniteTimeSpan);
        _lastTimer = _time.CreateTimer(static over => ((TaskCompletionSource)over!).TrySetResult(), _over, _atMost + s_leavingMax, Timeout.InfiniteTimeSpan);
    }
}
