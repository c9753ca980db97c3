namespace Ingest.Core.Stores;

/// <summary>How a store that fails is tried again: for what ingest needs without end, for data waits until the store is back.</summary>
public sealed record StoreRetryOptions
{
    /// <summary>How often a call is tried again before it fails; null: for ever.</summary>
    public int? RetriesMax { get; init; }

    /// <summary>For work beside ingest, which is put off and tried again as a whole: one object that cannot be read must not keep it from all the rest.</summary>
    public StoreRetryOptions Beside => this with { RetriesMax = 4 };

    /// <summary>Wait after the first failure; grows exponentially, with jitter. 1 ms to 1 minute.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest wait between attempts. At least <see cref="FirstDelay"/>, at most 10 minutes.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Wait after a refusal or a full disk, which somebody has to mend. 1 ms to 10 minutes.</summary>
    public TimeSpan RefusedDelay { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>An attempt without an answer for so long has failed. 10 ms to 1 hour.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>On top of <see cref="AttemptTimeout"/> an attempt may take as long as its bytes take at this speed. At least 1024.</summary>
    public long SlowestBytesPerSecond { get; init; } = 1 << 20;

    /// <summary>Share of failures within <see cref="CircuitWindow"/> that opens the circuit. Above 0, at most 1.</summary>
    public double CircuitFailureRatio { get; init; } = 0.5;

    /// <summary>Attempts within <see cref="CircuitWindow"/> below which the circuit stays closed. At least 2.</summary>
    public int CircuitMinimumAttempts { get; init; } = 10;

    /// <summary>Over what time failures are counted. 0.5 s to 1 hour.</summary>
    public TimeSpan CircuitWindow { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an open circuit spares the store. 0.5 s to 10 minutes.</summary>
    public TimeSpan CircuitOpenFor { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>All that is wrong with the values; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        Within(nameof(FirstDelay), FirstDelay, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        Within(nameof(LongestDelay), LongestDelay, FirstDelay, TimeSpan.FromMinutes(10));
        Within(nameof(RefusedDelay), RefusedDelay, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10));
        Within(nameof(AttemptTimeout), AttemptTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1));
        Within(nameof(CircuitWindow), CircuitWindow, TimeSpan.FromSeconds(0.5), TimeSpan.FromHours(1));
        Within(nameof(CircuitOpenFor), CircuitOpenFor, TimeSpan.FromSeconds(0.5), TimeSpan.FromMinutes(10));
        if (CircuitFailureRatio is not (> 0 and <= 1)) errors.Add($"{nameof(CircuitFailureRatio)} is {CircuitFailureRatio}; it must be above 0 and at most 1.");
        if (RetriesMax < 1) errors.Add($"{nameof(RetriesMax)} is {RetriesMax}; it must be at least 1.");
        if (SlowestBytesPerSecond < 1024) errors.Add($"{nameof(SlowestBytesPerSecond)} is {SlowestBytesPerSecond}; it must be at least 1024.");
        if (CircuitMinimumAttempts < 2) errors.Add($"{nameof(CircuitMinimumAttempts)} is {CircuitMinimumAttempts}; it must be at least 2.");
        return errors;

        void Within(string name, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most) errors.Add($"{name} is {value}; it must be between {least} and {most}.");
        }
    }
}
