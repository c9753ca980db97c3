namespace Ingest.Core.Stores;

/// <summary>
/// Whether the store answers, for readiness and for pausing intake. It counts as failing while at least one call is being repeated:
/// that one success among many failures does not make it well, and no timer is needed to see that it is.
/// Thread-safe.
/// </summary>
public sealed class StoreHealth
{
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Lock _telling = new();
    private int _callsFailing;
    private volatile Unknown _unknown;
    private long _failedAttempts;
    private DateTimeOffset? _failingSince;
    private StoreFault? _lastFault;
    private string? _lastError;
    private StoreCircuit _circuit;

    internal StoreHealth(TimeProvider time) => _time = time;

    /// <summary>Which calls nobody knows to work, since one was given up while it failed.</summary>
    private enum Unknown
    {
        Nothing,
        Reads,
        Writes,
    }

    /// <summary>
    /// After every failed attempt, every recovery and every move of the circuit, on the thread that saw it; for log lines and alerts. One after the other: none is older than the one before.
    /// Must not block or throw.
    /// </summary>
    public event Action<StoreHealthReport>? Changed;

    /// <summary>True while no call is being repeated.</summary>
    public bool IsWell => Volatile.Read(ref _callsFailing) == 0;

    public StoreHealthReport Report()
    {
        lock (_lock) return new StoreHealthReport(_callsFailing == 0, _failingSince, _lastFault, _lastError, _circuit, _callsFailing, _failedAttempts);
    }

    internal void AttemptFailed(bool firstOfCall, StoreFault fault, string error)
    {
        lock (_lock)
        {
            _failedAttempts++;
            _lastFault = fault;
            _lastError = error;
            if (firstOfCall && ++_callsFailing == 1) _failingSince = _time.GetUtcNow();
        }

        Tell();
    }

    /// <summary>A call that failed before was answered, or was given up by its caller: then nobody knows whether the store is well, and nothing is told until another call is answered.</summary>
    internal void FailingCallEnded(bool isAnswered, StoreCall call)
    {
        lock (_lock)
        {
            if (--_callsFailing > 0) return;
            _failingSince = null;
            _unknown = isAnswered ? Unknown.Nothing : call.Writes || _unknown == Unknown.Writes ? Unknown.Writes : Unknown.Reads;
        }

        if (isAnswered) Tell();
    }

    /// <summary>A call was answered at its first attempt: the store is well, also when the last failing one was given up.</summary>
    internal void Answered(StoreCall call)
    {
        if (_unknown == Unknown.Nothing) return;
        lock (_lock)
        {
            if (_unknown == Unknown.Nothing || (_unknown == Unknown.Writes && !call.Writes)) return;
            _unknown = Unknown.Nothing;
            if (_callsFailing > 0) return;
        }

        Tell();
    }

    internal void CircuitMoved(StoreCircuit circuit)
    {
        lock (_lock)
        {
            _circuit = circuit;
            if (_callsFailing == 0 && _unknown != Unknown.Nothing) return;
        }

        Tell();
    }

    /// <summary>Made and told under one lock: a report that was made before another and told after it would leave "the store fails" as the last word on a store that is well.</summary>
    private void Tell()
    {
        lock (_telling) Changed?.Invoke(Report());
    }
}

/// <summary>The store's health at one moment.</summary>
/// <param name="IsWell">No call is being repeated.</param>
/// <param name="FailingSince">Since when at least one call has been failing without pause; null when well.</param>
/// <param name="LastFault">Kind of the last failure; null when there never was one.</param>
/// <param name="LastError">The last failure as a sentence, also after it is over.</param>
/// <param name="Circuit">Whether calls reach the store.</param>
/// <param name="CallsFailing">Calls being repeated now.</param>
/// <param name="FailedAttempts">Failed attempts since the start.</param>
public sealed record StoreHealthReport(
    bool IsWell, DateTimeOffset? FailingSince, StoreFault? LastFault, string? LastError, StoreCircuit Circuit, int CallsFailing, long FailedAttempts);

/// <summary>Whether calls reach the store.</summary>
public enum StoreCircuit
{
    /// <summary>Calls pass.</summary>
    Closed,

    /// <summary>Too many failed; calls wait, to spare the store.</summary>
    Open,

    /// <summary>One call is let through to see whether the store is back.</summary>
    Trying,
}
