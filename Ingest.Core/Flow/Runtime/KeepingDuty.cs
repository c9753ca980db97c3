using Ingest.Core.Stores;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// Something that is done now and then beside ingest. While it fails it is tried again after longer and longer, and told when that begins, when there is another kind of reason, and when it is over: what fails for
/// ever must neither fill the log nor keep the store busy. Owned by one task at a time; <see cref="FailingFor"/> may be asked from any thread.
/// </summary>
/// <param name="firstWait">After the first failure; doubled with each that follows.</param>
internal sealed class KeepingDuty(string what, TimeSpan firstWait, TimeProvider time)
{
    private static readonly TimeSpan s_waitMax = TimeSpan.FromMinutes(10);

    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private TimeSpan _wait;
    private long _failedAt;
    private long _failingSince;

    /// <summary>As messages name it.</summary>
    public string What => what;

    /// <summary>It did not come through the last time.</summary>
    public bool IsFailing => Interlocked.Read(ref _failingSince) != 0;

    /// <summary>False for a while after a failure.</summary>
    public bool IsDue => !IsFailing || time.GetElapsedTime(_failedAt) >= _wait;

    /// <summary>How long it has not come through; zero when it did the last time.</summary>
    public TimeSpan FailingFor => Interlocked.Read(ref _failingSince) is not 0 and var since ? time.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>It failed; true when that is news: each kind of reason is, once, however the failures alternate and whatever they name. That the store was spared after other failures is no reason.</summary>
    public bool Failed(Exception failure)
    {
        _failedAt = time.GetTimestamp();
        _wait = !IsFailing ? firstWait : _wait * 2 < s_waitMax ? _wait * 2 : s_waitMax;
        if (!IsFailing) Interlocked.Exchange(ref _failingSince, _failedAt);
        return failure switch
        {
            StoreException { IsSpared: true } => false,
            StoreException store => _told.Add(store.Kind.ToString()),
            _ => _told.Add(failure.GetType().Name),
        };
    }

    /// <summary>It came through, or is another worker's now; true when that is news.</summary>
    public bool Done()
    {
        if (!IsFailing) return false;
        var wasTold = _told.Count > 0;
        _told.Clear();
        Interlocked.Exchange(ref _failingSince, 0);
        return wasTold;
    }
}
