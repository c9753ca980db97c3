namespace Ingest.Worker.Hosting;

/// <summary>
/// From the signal, or from the engine's own end, to that of the process: one limit for all that happens in between, one thing after the other, each of which may have somebody to wait for who does not answer.
/// Ingest has the first 17 s of it (<c>EngineOptions.HandOverMax</c> and what follows); what comes then has what is left.
/// </summary>
internal sealed class StopClock
{
    /// <summary>After which the host waits no more.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan s_least = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider _time;
    private long _stoppingAt;

    public StopClock(TimeProvider time, CancellationToken stopping)
    {
        _time = time;
        stopping.Register(() => Interlocked.CompareExchange(ref _stoppingAt, time.GetTimestamp(), 0));
    }

    /// <summary>What may be waited now; never nothing, so that what needs no waiting is done.</summary>
    /// <param name="atMost">Not longer than this.</param>
    /// <param name="reserve">Kept for what comes after.</param>
    public TimeSpan Left(TimeSpan atMost, TimeSpan reserve)
    {
        var left = Limit - reserve - (Interlocked.Read(ref _stoppingAt) is not 0 and var at ? _time.GetElapsedTime(at) : TimeSpan.Zero);
        return left > atMost ? atMost : left > s_least ? left : s_least;
    }
}
