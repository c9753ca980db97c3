namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// Something that is done for a table now and then, beside ingest. While it fails it is tried again after longer and longer, and told when that begins, has another reason, and is over: what fails for ever
/// must neither fill the log nor keep the store busy. Owned by the housekeeper's task; <see cref="FailingFor"/> may be asked from any thread.
/// </summary>
/// <param name="firstWait">After the first failure; doubled with each that follows.</param>
internal sealed class KeepingDuty(string what, TimeSpan firstWait, TimeProvider time)
{
    private static readonly TimeSpan s_waitMax = TimeSpan.FromMinutes(10);

    private TimeSpan _wait;
    private long _failedAt;
    private long _failingSince;
    private bool _isFailing;
    private string? _why;

    /// <summary>As messages name it.</summary>
    public string What => what;

    /// <summary>False for a while after a failure.</summary>
    public bool IsDue => !_isFailing || time.GetElapsedTime(_failedAt) >= _wait;

    /// <summary>How long it has not come through; zero when it did the last time.</summary>
    public TimeSpan FailingFor => Interlocked.Read(ref _failingSince) is not 0 and var since ? time.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>It failed; true when that is news.</summary>
    /// <param name="why">The reason; null when it was not even tried, for the store is spared after other failures.</param>
    public bool Failed(string? why)
    {
        _failedAt = time.GetTimestamp();
        _wait = !_isFailing ? firstWait : _wait * 2 < s_waitMax ? _wait * 2 : s_waitMax;
        if (!_isFailing) Interlocked.Exchange(ref _failingSince, _failedAt);
        _isFailing = true;
        if (why is null || why == _why) return false;
        _why = why;
        return true;
    }

    /// <summary>It came through, or is another worker's now; true when that is news.</summary>
    public bool Done()
    {
        if (!_isFailing) return false;
        var wasTold = _why is not null;
        (_isFailing, _why) = (false, null);
        Interlocked.Exchange(ref _failingSince, 0);
        return wasTold;
    }
}
