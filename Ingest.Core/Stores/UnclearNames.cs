namespace Ingest.Core.Stores;

/// <summary>Names whose last create ended in the dark, and how often it did so one time after the other. Thread-safe.</summary>
/// <param name="first">Pause after the second time; doubled each time, up to two seconds, which a hand-over and the end of a worker have room for.</param>
internal sealed class UnclearNames(TimeProvider time, TimeSpan first)
{
    /// <summary>Names that nobody created again, or whose creator went another way, are forgotten with all others then: that costs a pause.</summary>
    private const int NamesMax = 1_024;

    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, int> _times = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Once more; not at all the first time, for mostly an answer was lost, and the object is there.</summary>
    public Task PauseAsync(string name, CancellationToken cancellation)
    {
        int before;
        lock (_lock)
        {
            before = _times.GetValueOrDefault(name);
            if (_times.Count >= NamesMax) _times.Clear();
            _times[name] = before + 1;
        }

        if (before == 0) return Task.CompletedTask;
        var doubled = first * Math.Pow(2, Math.Min(before - 1, 20));
        return Task.Delay(doubled < s_longest ? doubled : s_longest, time, cancellation);
    }

    public void Forget(string name)
    {
        lock (_lock) _times.Remove(name);
    }
}
