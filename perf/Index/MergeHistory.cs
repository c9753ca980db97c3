using Ingest.Core.Deduplicating.Index;

namespace Ingest.Perf.Index;

/// <summary>
/// What commits of equal size leave behind: the rule of merging (<see cref="RunMerging.Plan"/>) carried out on numbers of keys alone. Each run stands for the
/// commits it was merged from, which follow one another in time.
/// </summary>
internal sealed class MergeHistory
{
    private readonly Dictionary<string, (long First, long Count)> _spans = new(StringComparer.Ordinal);
    private readonly List<RunDescriptor> _runs = [];

    public MergeHistory(long keys, long keysPerCommit)
    {
        Commits = Math.Max(1, keys / keysPerCommit);
        for (var commit = 0L; commit < Commits; commit++)
        {
            Add(commit, 1, keysPerCommit);
            while (RunMerging.Plan(_runs) is { } merged) Merge(merged);
            RunsMax = Math.Max(RunsMax, _runs.Count);
        }
    }

    public long Commits { get; }

    /// <summary>Keys that merges wrote.</summary>
    public long KeysRewritten { get; private set; }

    public int RunsMax { get; private set; }

    /// <summary>Runs at the end, with the commits they hold.</summary>
    public IReadOnlyList<(long FirstCommit, long Commits, long Keys)> Runs => [.. _runs.Select(r => (_spans[r.Name].First, _spans[r.Name].Count, r.Keys)).OrderBy(r => r.First)];

    private void Merge(IReadOnlyList<RunDescriptor> runs)
    {
        var (first, count) = (runs.Min(r => _spans[r.Name].First), runs.Sum(r => _spans[r.Name].Count));
        foreach (var run in runs)
        {
            _runs.Remove(run);
            _spans.Remove(run.Name);
        }

        KeysRewritten += runs.Sum(r => r.Keys);
        Add(first, count, runs.Sum(r => r.Keys));
    }

    private void Add(long first, long count, long keys)
    {
        var name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{first:D12}-{count}.run");
        _spans.Add(name, (first, count));
        _runs.Add(new RunDescriptor(name, keys, 0, 0));
    }
}
