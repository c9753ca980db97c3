namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// That the worker is to end, and by when: the control loop's view of a SIGTERM. What is worth waiting for then is only the commit of what is open, and that not for longer than a hand-over may
/// take, however many hand-overs and commits follow each other until the end.
/// </summary>
internal sealed class Ending : IDisposable
{
    private readonly CancellationTokenSource _overdue = new();
    private readonly CancellationTokenRegistration _registration;
    private readonly TimeProvider _time;
    private readonly TimeSpan _atMost;
    private ITimer? _timer;

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

    public void Dispose()
    {
        // Not the source of the token: the timer may be about to cancel it, and there is nothing in it to give back.
        _registration.Dispose();
        _timer?.Dispose();
    }

    private void Begin() => _timer = _time.CreateTimer(static overdue => ((CancellationTokenSource)overdue!).Cancel(), _overdue, _atMost, Timeout.InfiniteTimeSpan);
}
