namespace Ingest.Core.Flow.Runtime;

/// <summary>Shares out among the commit jobs of a worker how many files may be on their way to the store at a time. Whoever comes when all are taken gets a few all the same: nobody waits for another table.</summary>
internal sealed class UploadSlots
{
    private readonly Lock _lock = new();
    private int _taken;

    /// <param name="least">What is granted in any case.</param>
    /// <param name="most">What there is use for.</param>
    /// <param name="all">What the store takes.</param>
    /// <returns>How many; to be returned.</returns>
    public int Take(int least, int most, int all)
    {
        lock (_lock)
        {
            var granted = Math.Clamp(all - _taken, least, Math.Max(least, most));
            _taken += granted;
            return granted;
        }
    }

    public void Return(int granted)
    {
        lock (_lock) _taken -= granted;
    }
}
