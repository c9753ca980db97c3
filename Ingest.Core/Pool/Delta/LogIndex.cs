using System.Collections.Immutable;
using Ingest.Core.Deduplicating.Index;

namespace Ingest.Core.Pool.Delta;

/// <summary>Which index runs are valid at a version, and what they hold together. Unknown when the log does not tell any more: then it must be rebuilt, and is never taken for empty.</summary>
/// <param name="IsKnown">False: rebuild before anything is written.</param>
/// <param name="Runs">The valid runs, in the order in which they came.</param>
/// <param name="AddedAt">For each run the version that made it valid (or a later one, when only a manifest tells of it).</param>
/// <param name="TotalKeys">Fingerprints in all runs.</param>
/// <param name="TotalSum">Their sum modulo 2^128.</param>
public sealed record LogIndex(bool IsKnown, ImmutableArray<RunDescriptor> Runs, ImmutableArray<long> AddedAt, long TotalKeys, UInt128 TotalSum)
{
    public static LogIndex Empty { get; } = new(true, [], [], 0, UInt128.Zero);

    public static LogIndex Unknown { get; } = new(false, [], [], 0, UInt128.Zero);

    /// <summary>Why it is not known, in a sentence for the operator; null when the log just does not tell.</summary>
    public string? Why { get; private init; }

    /// <summary>A state that a manifest tells of; unknown when its totals do not fit its runs.</summary>
    public static LogIndex Of(ImmutableArray<RunDescriptor> runs, ImmutableArray<long> addedAt, long totalKeys, UInt128 totalSum)
    {
        var keys = 0L;
        var sum = UInt128.Zero;
        foreach (var run in runs)
        {
            keys += run.Keys;
            sum += run.Sum;
        }

        return keys == totalKeys && sum == totalSum ? new LogIndex(true, runs, addedAt, keys, sum) : Unknown;
    }

    /// <summary>
    /// The state after a whole entry. Rows that came or went without a change of the index make it unknown: some other program wrote them, and what is a duplicate can
    /// be told only after the index was made anew from the rows.
    /// </summary>
    public LogIndex After(IReadOnlyList<LogAction> entry, long version)
    {
        var info = entry.OfType<LogAction.Info>().FirstOrDefault()?.Content;
        if (info?.Index is { } delta) return Apply(delta, info.ReplacesIndex, version);
        return entry.Any(a => a is LogAction.Add { DataChange: true } or LogAction.Remove { DataChange: true }) ? Overruled(info, version, "added, changed or removed rows") : this;
    }

    /// <summary>The state after an entry of another program that did something to the rows.</summary>
    internal LogIndex Overruled(CommitInfo? info, long version, string what) => IsKnown
        ? Unknown with { Why = $"version {version}, written by {info?.EngineInfo ?? "another program"}{(info?.Operation is { Length: > 0 } operation ? $" ({operation})" : "")}, {what} without the index, so it is not known any more which records are duplicates. Restart the worker: it makes the index anew from the table's rows before it writes; for a large table run pool reindex first (docs/engines.md)." }
        : this;

    /// <summary>The state after the commit <paramref name="version"/>; unknown when its change does not fit.</summary>
    public LogIndex Apply(IndexDelta delta, bool replaces, long version)
    {
        if (!IsKnown && !replaces) return this;
        var removed = delta.Removed.ToHashSet(StringComparer.Ordinal);
        var runs = ImmutableArray.CreateBuilder<RunDescriptor>();
        var addedAt = ImmutableArray.CreateBuilder<long>();
        for (var i = 0; i < Runs.Length && !replaces; i++)
        {
            if (removed.Contains(Runs[i].Name)) continue;
            runs.Add(Runs[i]);
            addedAt.Add(AddedAt[i]);
        }

        foreach (var run in delta.Added)
        {
            runs.Add(run);
            addedAt.Add(version);
        }

        return Of(runs.ToImmutable(), addedAt.ToImmutable(), delta.TotalKeys, delta.TotalSum);
    }

    /// <summary>Runs that became valid after <paramref name="version"/>.</summary>
    public IReadOnlyList<RunDescriptor> AddedAfter(long version) => [.. Runs.Where((_, i) => AddedAt[i] > version)];

    /// <summary>The change that adds a run (if any) and carries out a merge (if all that it replaces is valid still).</summary>
    public IndexDelta Plan(RunDescriptor? run, RunMerge? merge)
    {
        var added = new List<RunDescriptor>();
        var removed = new List<string>();
        if (run is not null) added.Add(run);
        var valid = Runs.Select(r => r.Name).ToHashSet(StringComparer.Ordinal);
        Mutation.Do(Bug.PublishesMergeUnchecked, () => valid.UnionWith(merge?.Removed.Select(r => r.Name) ?? []));
        if (merge is not null && merge.Removed.All(r => valid.Contains(r.Name)))
        {
            added.Add(merge.Added);
            removed.AddRange(merge.Removed.Select(r => r.Name));
        }

        return new IndexDelta(added, removed, TotalKeys + (run?.Keys ?? 0), TotalSum + (run?.Sum ?? UInt128.Zero));
    }
}
