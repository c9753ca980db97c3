namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// The index is not what the log says it is: a run is missing, its bytes are not those that were written, or its keys are not those declared.
/// Never retried and never answered around: the table's writer stops until the index is rebuilt from the table.
/// </summary>
public sealed class IndexDamagedException(string run, string what)
    : IOException($"Index run '{run}': {what} Nothing is written until the index is whole: rebuild it from the table with 'pool reindex'.")
{
    /// <summary>What is wrong, without what to do about it: for a caller that does it itself.</summary>
    public string What { get; } = $"run '{run}': {what.TrimEnd('.')}";

    /// <summary>Name of the run, or of the table's index as a whole.</summary>
    public string Run { get; } = run;

    /// <summary>There is no such run. Of a state of the log that was read long ago that is no damage: the run may have been merged into another since, and deleted.</summary>
    public bool IsMissing { get; init; }
}
