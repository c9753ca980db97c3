namespace Ingest.Core.Flow.Protocol;

/// <summary>
/// When intake pauses and resumes. Two marks, so that it does not flutter: intake stops when data in flight reaches the high mark
/// and goes on when it has drained below the low one. A failing store stops it too: what is open cannot leave.
/// </summary>
public sealed class PauseRule
{
    private readonly long _highBytes;
    private readonly long _lowBytes;

    /// <param name="budgetBytes">The byte budget of data in flight.</param>
    public PauseRule(long budgetBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(budgetBytes, 1);
        _highBytes = HighBytes(budgetBytes);
        _lowBytes = budgetBytes / 10 * 6;
    }

    public bool IsPaused { get; private set; }

    /// <summary>What intake may fill of a budget. What was taken in is leased with what it grows to; the rest is for what grows further, keys and files being encoded.</summary>
    public static long HighBytes(long budgetBytes) => budgetBytes / 4 * 3;

    /// <summary>Takes in the facts of now and says whether intake is paused.</summary>
    public bool Update(long usedBytes, bool storeIsFailing)
    {
        if (storeIsFailing || usedBytes >= _highBytes) IsPaused = true;
        else if (usedBytes <= _lowBytes) IsPaused = false;
        return IsPaused;
    }
}
