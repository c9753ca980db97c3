namespace Ingest.Core.Deduplicating.Index;

/// <summary>Which runs to merge, and the merging itself.</summary>
internal static class RunMerging
{
    /// <summary>
    /// The runs of the lowest tier that has <see cref="IndexSizes.MergeRuns"/> of them, null when none has. So a key is rewritten once a tier, and
    /// there are at most <see cref="IndexSizes.MergeRuns"/> − 1 runs a tier once merging has caught up.
    /// </summary>
    public static IReadOnlyList<RunDescriptor>? Plan(IEnumerable<RunDescriptor> runs) => runs
        .GroupBy(r => Tier(r.Keys))
        .Where(tier => tier.Count() >= IndexSizes.MergeRuns)
        .OrderBy(tier => tier.Key)
        .FirstOrDefault()?
        .OrderBy(r => r.Keys).ThenBy(r => r.Name, StringComparer.Ordinal).Take(IndexSizes.MergeRunsMax).ToArray();

    public static int Tier(long keys)
    {
        var tier = 0;
        for (var above = keys / IndexSizes.TierKeys / IndexSizes.MergeRuns; above > 0; above /= IndexSizes.MergeRuns) tier++;
        return tier;
    }

    /// <summary>Writes the keys of all runs, in order, as one run into <paramref name="path"/>; reads and writes sequentially, in constant memory.</summary>
    /// <exception cref="IndexDamagedException">A run is damaged, or two hold the same key.</exception>
    public static RunDescriptor Merge(IReadOnlyList<RunReader> runs, string name, string path, CancellationToken cancellation)
    {
        using var file = LocalRunCache.Create(path);
        var handle = file.SafeFileHandle;
        var geometry = RunGeometry.For(runs.Sum(r => r.Descriptor.Keys), runs[0].Geometry.ValueBytes > 0);
        RandomAccess.SetLength(handle, geometry.FileBytes);
        var builder = new RunBuilder(geometry, runs.Min(r => r.Lowest), runs.Max(r => r.Highest), (offset, piece) => RandomAccess.Write(handle, piece, offset));

        MergeInto(builder, runs, name, cancellation);
        return builder.Finish(name);
    }

    private static void MergeInto(RunBuilder builder, IReadOnlyList<RunReader> runs, string name, CancellationToken cancellation)
    {
        // Few enough inputs that looking at the high half of each head beats a heap; only equal halves need the whole keys.
        var cursors = runs.Select(r => new RunCursor(r)).Where(c => c.MoveNext()).ToArray();
        var heads = cursors.Select(c => KeyHalf.High(c.Key)).ToArray();
        var open = cursors.Length;
        UInt128 last = 0;
        for (var added = 0L; open > 0; added++)
        {
            if ((added & 0xFFFF) == 0) cancellation.ThrowIfCancellationRequested();
            var least = 0;
            var head = heads[0];
            for (var i = 1; i < open; i++)
            {
                if (heads[i] > head || (heads[i] == head && cursors[i].Key > cursors[least].Key)) continue;
                least = i;
                head = heads[i];
            }

            var cursor = cursors[least];
            var key = cursor.Key;
            if (key == last && added > 0) throw new IndexDamagedException(name, $"key {key:x32} stands in two of the runs being merged, so a row is doubled.");
            last = key;
            builder.Add(key, cursor.Content);
            if (cursor.MoveNext())
            {
                heads[least] = KeyHalf.High(cursor.Key);
                continue;
            }

            open--;
            (cursors[least], heads[least]) = (cursors[open], heads[open]);
        }
    }
}
