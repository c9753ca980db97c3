namespace Ingest.Perf.Compare;

/// <summary>All runs of all contenders over one workload.</summary>
internal sealed class ComparisonTable
{
    private readonly Dictionary<string, List<Measurement>> _runs = new(StringComparer.Ordinal);

    public required Workloads.Workload Workload { get; init; }

    public required long FileBytes { get; init; }

    public required IReadOnlyList<IContender> Contenders { get; init; }

    /// <summary>The same contender on several stores, instead of rivals.</summary>
    public bool IsByStore { get; init; }

    public void Add(IContender contender, Measurement run)
    {
        if (!_runs.TryGetValue(contender.Name, out var runs)) _runs.Add(contender.Name, runs = []);
        runs.Add(run);
    }

    public IReadOnlyList<Measurement> Runs(IContender contender) => _runs[contender.Name];

    /// <summary>The median of one figure; of an even number of runs the mean of the middle two.</summary>
    public double Median(IContender contender, Func<Measurement, double> figure)
    {
        var ordered = _runs[contender.Name].Select(figure).Order().ToArray();
        return (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;
    }
}
