namespace Ingest.Core.Pool.Sealing;

/// <summary>Keeps sealing out of ingest's way: while ingest has all it can do, a twentieth of one core at most goes into sealing. With a tenth, and code that is compiled beside it, ingest lost more than a tenth of its rate (perf -- seal). Owned by one task.</summary>
public sealed class Throttle(TimeProvider time, Func<bool> isBusy)
{
    /// <summary>Rest for each unit of work while ingest is busy.</summary>
    private const int RestFactor = 19;

    /// <summary>Shorter stretches of work are not worth a timer.</summary>
    private static readonly TimeSpan s_workMin = TimeSpan.FromMilliseconds(20);

    /// <summary>A longer stretch was not work: the process was stopped, or the store did not answer.</summary>
    private static readonly TimeSpan s_workMax = TimeSpan.FromSeconds(10);

    private long _since = time.GetTimestamp();

    /// <summary>Never rests; for commands.</summary>
    public static Throttle None(TimeProvider time) => new(time, static () => false);

    /// <summary>Work is held back now.</summary>
    public bool IsHolding => isBusy();

    /// <summary>Begins a stretch of work.</summary>
    public void Begin() => _since = time.GetTimestamp();

    /// <summary>Waits for a store: that takes nothing from ingest, so it is no work to rest from. On a store that answers after 50 ms each file would else be rested from for a second.</summary>
    public async ValueTask<T> WaitAsync<T>(ValueTask<T> answer)
    {
        var began = time.GetTimestamp();
        try
        {
            return await answer;
        }
        finally
        {
            _since += time.GetTimestamp() - began;
        }
    }

    /// <summary>To be called between small pieces of work.</summary>
    public async ValueTask PaceAsync(CancellationToken cancellation)
    {
        var worked = time.GetElapsedTime(_since);
        if (worked < s_workMin) return;
        if (isBusy()) await Task.Delay((worked < s_workMax ? worked : s_workMax) * RestFactor, time, cancellation);
        _since = time.GetTimestamp();
    }
}
