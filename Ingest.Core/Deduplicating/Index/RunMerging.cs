namespace Ingest.Core.Deduplicating.Index;

/// <summary>Which runs to merge, and the merging itself.</summary>
internal static class RunMerging
{
    /// <summary>Keys between two looks at the clock and at the cancellation: few enough to stay in the cache of a core.</summary>
    private const int SliceKeys = 1 << 12;

    /// <summary>Slices whose pages, read and written, are some megabytes.</summary>
    private const int SlicesUntold = 16;

    /// <summary>
    /// The runs of the lowest tier that has <see cref="IndexSizes.MergeRuns"/> of them, null when none has. So a key is rewritten once a tier, and
    /// there are at most <see cref="IndexSizes.MergeRuns"/> − 1 runs a tier once merging has caught up. Runs of the last tier stay as they are: a
    /// merge, and the room it takes meanwhile, is bounded by <see cref="IndexSizes.MergedKeysMax"/>, and their number grows by one every few thousand million keys.
    /// </summary>
    public static IReadOnlyList<RunDescriptor>? Plan(IEnumerable<RunDescriptor> runs) => runs
        .GroupBy(r => Tier(r.Keys))
        .Where(tier => tier.Key <= IndexSizes.MergedTierMax && tier.Count() >= IndexSizes.MergeRuns)
        .OrderBy(tier => tier.Key)
        .Select(tier => Fitting(tier.OrderBy(r => r.Keys).ThenBy(r => r.Name, StringComparer.Ordinal).Take(IndexSizes.MergeRunsMax)))
        .FirstOrDefault(fitting => fitting.Count > 1);

    public static int Tier(long keys)
    {
        var tier = 0;
        for (var above = keys / IndexSizes.TierKeys / IndexSizes.MergeRuns; above > 0; above /= IndexSizes.MergeRuns) tier++;
        return tier;
    }

    /// <summary>Writes the keys of all runs, in order, as one run into <paramref name="path"/>; reads and writes sequentially, in constant memory.</summary>
    /// <param name="pace">Holds it back, so that ingest has the disk and the cores first; null for as fast as it goes.</param>
    /// <exception cref="IndexDamagedException">A run is damaged, or two hold the same key.</exception>
    public static async ValueTask<RunDescriptor> MergeAsync(IReadOnlyList<RunReader> runs, string name, string path, MergePace? pace, CancellationToken cancellation)
    {
        await using var file = LocalRunCache.Create(path);
        var handle = file.SafeFileHandle;
        var geometry = RunGeometry.For(runs.Sum(r => r.Descriptor.Keys), runs[0].Geometry.ValueBytes > 0);
        RandomAccess.SetLength(handle, geometry.FileBytes);
        var builder = new RunBuilder(geometry, runs.Min(r => r.Lowest), runs.Max(r => r.Highest), (offset, piece) => RandomAccess.Write(handle, piece, offset));
        var merged = new MergedCursor(runs, name);
        var keys = new UInt128[(int)Math.Min(SliceKeys, geometry.Keys)];
        var contents = new UInt128[geometry.ValueBytes > 0 ? keys.Length : 0];
        var slices = 0;
        for (int count; (count = merged.Take(keys, contents)) > 0;)
        {
            if (++slices % SlicesUntold == 0) MappedFile.Tell();
            builder.Add(keys.AsSpan(0, count), contents.Length > 0 ? contents.AsSpan(0, count) : []);
            cancellation.ThrowIfCancellationRequested();
            if (pace is not null) await pace.HoldAsync(count * (long)(RunGeometry.KeyBytes + geometry.ValueBytes), cancellation);
        }

        return builder.Finish(name);
    }

    private static List<RunDescriptor> Fitting(IEnumerable<RunDescriptor> runs)
    {
        var keys = 0L;
        return [.. runs.TakeWhile(r => (keys += r.Keys) <= IndexSizes.MergedKeysMax)];
    }
}
