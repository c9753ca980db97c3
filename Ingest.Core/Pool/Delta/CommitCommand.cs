namespace Ingest.Core.Pool.Delta;

/// <summary>What <see cref="CommitAttempt"/> wants done next. Closed.</summary>
public abstract record CommitCommand
{
    private CommitCommand() { }

    /// <summary>Read all entries after the known tip, then say <see cref="CommitAttempt.LogRead"/>.</summary>
    public sealed record ReadLog : CommitCommand;

    /// <summary>Create the entry if its slot is free, then say what became of it.</summary>
    public sealed record Put(long Version, IReadOnlyList<LogAction> Entry) : CommitCommand;

    /// <summary>Read the slot, then say whose entry it holds.</summary>
    public sealed record ReadBack(long Version) : CommitCommand;

    public sealed record Done(CommitOutcome Outcome) : CommitCommand;
}
