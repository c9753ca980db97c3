using Ingest.Core.Pool.Sealing;

namespace Ingest.Core.Flow.Runtime;

/// <summary>What a worker does for its tables beside ingest. Immutable.</summary>
public sealed record HousekeepingOptions
{
    /// <summary>Off: somebody else does it, with <c>pool compact</c> and <c>pool vacuum</c>.</summary>
    public bool Enabled { get; init; } = true;

    public SealingOptions Sealing { get; init; } = new();

    /// <summary>How often it is looked for something to do.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a worker that is silent keeps a table's lease.</summary>
    public TimeSpan LeaseTerm { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How often the log is cleaned and files that nobody needs are deleted.</summary>
    public TimeSpan CleanInterval { get; init; } = TimeSpan.FromHours(6);

    /// <summary>How long entries of the log are kept.</summary>
    public TimeSpan LogRetention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long replaced files are kept; not below a week.</summary>
    public TimeSpan FileRetention { get; init; } = TimeSpan.FromDays(7);
}
