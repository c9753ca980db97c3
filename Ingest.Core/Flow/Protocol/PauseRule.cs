namespace Ingest.Core.Flow.Protocol;

/// <summary>
/// When intake pauses and resumes. Two marks, so that it does not flutter: intake stops when data in flight reaches the high mark
/// and goes on when it has drained below the low one. A failing store stops it too: what is open cannot leave.
/// </summary>
public sealed class PauseRule
{
    private readonly long _highBytes;
    private readonly long _lowBytes;

    /// <param name="budgetBytes">The byte budget of data in flight. The high mark lies at 80 % of it: what was taken in is leased with what it grows to, and the rest is for what grows further.</param>
    public PauseRule(long budgetBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(budgetBytes, 1);
        _highBytes = budgetBytes / 10 * 8;
        _lowBytes = budgetBytes / 10 * 6;
    }

    public bool IsPaused { get; private set; }

    /// <summary>Takes in the facts of now and says whether intake is paused.</summary>
    public bool Update(long usedBytes, bool storeIsFailing)
    {
        if (storeIsFailing || usedBytes >= _highBytes) IsPaused = true;
        else if (usedBytes <= _lowBytes) IsPaused = false;
        return IsPaused;
    }
}
