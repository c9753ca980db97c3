using Ingest.Core.Stores;

namespace Ingest.Tests.Stores;

/// <summary>A fault that a <see cref="FaultyStore"/> makes, and when.</summary>
public sealed record PlannedFault
{
    public StoreOperations Operations { get; init; } = StoreOperations.All;

    /// <summary>Strikes only names that start so.</summary>
    public string NamePrefix { get; init; } = "";

    /// <summary>Strikes only names that hold this, for example <c>_delta_log/</c>.</summary>
    public string NamePart { get; init; } = "";

    /// <summary>How likely a call that fits is struck, 0 to 1; drawn from the store's seed.</summary>
    public double Probability { get; init; } = 1;

    /// <summary>Calls still to strike; null for all.</summary>
    public int? Times { get; init; }

    /// <summary>What the call fails with; null when it is only delayed.</summary>
    public StoreFault? Fault { get; init; } = StoreFault.Transient;

    /// <summary>The call takes effect first and fails then: a lost reply.</summary>
    public bool AfterActing { get; init; }

    /// <summary>How long the call takes before it acts.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>A create or replace that took effect and whose reply was lost.</summary>
    public static PlannedFault LostReply { get; } = new()
    {
        Operations = StoreOperations.Create | StoreOperations.Replace | StoreOperations.Delete,
        Fault = StoreFault.Unknown,
        AfterActing = true,
    };
}
