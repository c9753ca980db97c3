using System.Runtime.InteropServices;
using Ingest.Core.Deduplicating.Index;

namespace Ingest.Perf.Index;

/// <summary>
/// Builds in one pass the runs that the commits of a table's whole life would have left behind. Each commit holds records of its own day, and one in ten of
/// the week before; commits of a run follow one another, so a run has the dates that go with its place in time.
/// </summary>
internal static class IndexFill
{
    private const int LateDays = 7;
    private const double LateShare = 0.1;
    private const int BufferKeys = 1024;

    /// <summary>Writes the runs into <paramref name="folder"/> under their names.</summary>
    public static List<RunDescriptor> Write(KeySpace space, MergeHistory history, string folder)
    {
        var shares = Shares(space, history);
        var (counts, lowest, highest) = Count(space, shares);
        var files = new FileStream?[counts.Length];
        var builders = new RunBuilder?[counts.Length];
        var names = new string[counts.Length];
        for (var run = 0; run < counts.Length; run++)
        {
            if (counts[run] == 0) continue;
            names[run] = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"fill-{run:D4}.run");
            var file = new FileStream(Path.Combine(folder, names[run]), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16);
            files[run] = file;
            builders[run] = new RunBuilder(RunGeometry.For(counts[run], false), lowest[run], highest[run], (offset, piece) => RandomAccess.Write(file.SafeFileHandle, piece, offset));
        }

        var buffers = builders.Select(_ => new List<UInt128>(BufferKeys)).ToArray();
        ForEach(space, shares, (run, key) =>
        {
            buffers[run].Add(key);
            if (buffers[run].Count < BufferKeys) return;
            builders[run]!.Add(CollectionsMarshal.AsSpan(buffers[run]), []);
            buffers[run].Clear();
        });
        var runs = new List<RunDescriptor>();
        for (var run = 0; run < counts.Length; run++)
        {
            if (builders[run] is { } builder)
            {
                builder.Add(CollectionsMarshal.AsSpan(buffers[run]), []);
                runs.Add(builder.Finish(names[run]));
            }

            files[run]?.Dispose();
        }

        return runs;
    }

    private static (long[] Counts, UInt128[] Lowest, UInt128[] Highest) Count(KeySpace space, double[][] shares)
    {
        var counts = new long[shares[0].Length];
        var lowest = new UInt128[counts.Length];
        var highest = new UInt128[counts.Length];
        ForEach(space, shares, (run, key) =>
        {
            if (counts[run]++ == 0) lowest[run] = key;
            highest[run] = key;
        });
        return (counts, lowest, highest);
    }

    /// <summary>All keys in ascending order, each with its run.</summary>
    private static void ForEach(KeySpace space, double[][] shares, Action<int, UInt128> take)
    {
        var keys = new UInt128[KeySpace.BucketKeys];
        for (var bucket = space.FirstBucket; bucket < space.Buckets; bucket++)
        {
            space.Fill(bucket, keys);
            keys.AsSpan().Sort();
            var ofDate = shares[space.CarryDates ? space.DateOf(bucket) : 0];
            foreach (var key in keys)
            {
                // Bits that neither order nor filter use.
                var draw = (ulong)key >> 34 << 34;
                var at = draw / (double)ulong.MaxValue;
                var run = 0;
                while (run < ofDate.Length - 1 && at >= ofDate[run]) run++;
                take(run, key);
            }
        }
    }

    /// <summary>For each date the shares of the runs in its keys, added up; keys without date are in all runs by their size.</summary>
    private static double[][] Shares(KeySpace space, MergeHistory history)
    {
        var runs = history.Runs;
        if (!space.CarryDates) return [AddUp([.. runs.Select(r => (double)r.Keys)])];
        var perDay = history.Commits / (double)space.Dates;
        return [.. Enumerable.Range(0, space.Dates).Select(date => AddUp([.. runs.Select(r => Weight(date, r.FirstCommit, r.FirstCommit + r.Commits, perDay))]))];
    }

    /// <summary>Keys of a date in commits [from, to): those of its own day, and the late ones of the week after.</summary>
    private static double Weight(int date, double from, double to, double perDay)
    {
        double Overlap(double first, double last) => Math.Max(0, Math.Min(to, last) - Math.Max(from, first));
        return ((1 - LateShare) * Overlap(date * perDay, (date + 1) * perDay)) + (LateShare / LateDays * Overlap((date + 1) * perDay, (date + 1 + LateDays) * perDay));
    }

    private static double[] AddUp(double[] weights)
    {
        var (total, sum) = (weights.Sum(), 0.0);
        return [.. weights.Select(w => (sum += w) / total)];
    }
}
