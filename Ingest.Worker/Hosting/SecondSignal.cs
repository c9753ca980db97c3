namespace Ingest.Worker.Hosting;

/// <summary>
/// Tells a second signal from an echo of the first: a supervisor that signals the process and its group sends two within milliseconds, and means one (<c>timeout</c> of the coreutils does,
/// and Ctrl+C through a wrapper). Thread-safe.
/// </summary>
internal sealed class SecondSignal(TimeProvider time)
{
    /// <summary>How long after the first a signal counts as its echo.</summary>
    public static readonly TimeSpan Echo = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private long? _first;

    /// <summary>To be asked once a signal: true when somebody wants the end at once.</summary>
    public bool IsMeant()
    {
        lock (_lock)
        {
            if (_first is { } first) return time.GetElapsedTime(first) >= Echo;
            _first = time.GetTimestamp();
            return false;
        }
    }
}
