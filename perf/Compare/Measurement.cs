namespace Ingest.Perf.Compare;

/// <summary>One run of one contender, process start and end included.</summary>
/// <param name="Wall">From start to exit.</param>
/// <param name="Cpu">User and system time of the process and all that it started.</param>
/// <param name="PeakBytes">Largest resident memory of the process.</param>
/// <param name="Records">Records read, or rows made of them; -1 when it does not say.</param>
internal sealed record Measurement(TimeSpan Wall, TimeSpan Cpu, long PeakBytes, long Records)
{
    /// <summary>Managed bytes allocated for each record, over the whole run; null when it does not say.</summary>
    public double? AllocatedBytes { get; init; }

    /// <summary>Collections of the whole managed heap.</summary>
    public int? Gen2 { get; init; }
}
