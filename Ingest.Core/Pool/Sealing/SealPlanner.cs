using System.Collections.Immutable;

namespace Ingest.Core.Pool.Sealing;

/// <summary>
/// Decides what is merged and what is sealed. Per partition: much enough, or quiet long enough, is sealed; else many small files become one. A row is so
/// rewritten at most twice, and a partition to which records keep coming late gets ever fewer further files.
/// </summary>
internal static class SealPlanner
{
    private const int ItemsMax = 64;

    /// <summary>How often the longest wait is that of a quiet partition: one that is never quiet is sealed once a day at first.</summary>
    private const int AgeFactor = 24;

    /// <param name="files">All recent files.</param>
    /// <param name="sealedBefore">How many sealed files the partition of a folder has.</param>
    /// <param name="number">The plan's number, for the names.</param>
    public static ImmutableArray<SealItem> Plan(
        IEnumerable<RecentFile> files, Func<string, int> sealedBefore, DateTimeOffset now, SealingOptions options, SealScope scope, long number, IdSource ids)
    {
        var items = ImmutableArray.CreateBuilder<SealItem>();
        var (inputs, bytes) = (0, 0L);
        var folders = files.Where(f => scope.Folder is null || f.Folder == scope.Folder).GroupBy(f => f.Folder, StringComparer.Ordinal)
            .Select(g => (Folder: g.Key, Files: g.OrderBy(f => f.SinceMs).ThenBy(f => f.Path, StringComparer.Ordinal).ToArray()))
            .OrderByDescending(g => g.Files.Length).ThenBy(g => g.Folder, StringComparer.Ordinal);
        foreach (var (folder, all) in folders)
        {
            if (items.Count >= ItemsMax || inputs >= options.PlanInputsMax || bytes >= options.OutputBytesMax) break;
            var merge = ToMerge(all, options);

            // More inputs than a plan takes are merged first, or one partition would be sealed in many small pieces.
            var seals = (scope.Everything || IsDue(all, sealedBefore(folder), now, options)) && (all.Length <= options.PlanInputsMax || merge.Length == 0);
            var chosen = seals ? Portion(all, options.PlanInputsMax, options.OutputBytesMax) : merge;
            if (chosen.Length == 0 || (items.Count > 0 && inputs + chosen.Length > options.PlanInputsMax)) continue;
            items.Add(Item(chosen, seals ? TableLayout.SealedFile(folder, number, ids.Next()) : TableLayout.MergedFile(folder, number, ids.Next())));
            inputs += chosen.Length;
            bytes += chosen.Sum(f => f.Size);
        }

        return items.ToImmutable();
    }

    /// <summary>How long a partition with this many sealed files must have been quiet.</summary>
    public static TimeSpan Wait(int sealedBefore, SealingOptions options)
    {
        var wait = options.QuietAfter * Math.Pow(2, Math.Min(sealedBefore, 20));
        return wait < SealingOptions.WaitMax ? wait : SealingOptions.WaitMax;
    }

    private static bool IsDue(RecentFile[] files, int sealedBefore, DateTimeOffset now, SealingOptions options)
    {
        if (Estimate(files) >= options.TargetBytes) return true;
        var wait = Wait(sealedBefore, options);
        var atMost = wait * AgeFactor < SealingOptions.WaitMax ? wait * AgeFactor : SealingOptions.WaitMax;
        return now - Moment(files.Max(f => f.UntilMs)) >= wait || now - Moment(files.Min(f => f.SinceMs)) >= atMost;
    }

    /// <summary>What the files will weigh as one. Small ones are mostly footers: where a merged file says what a row weighs, that counts.</summary>
    private static long Estimate(RecentFile[] files)
    {
        var merged = files.Where(f => f.IsMerged).ToArray();
        var mergedRows = merged.Sum(f => f.Rows);
        if (mergedRows == 0) return files.Sum(f => f.Size);
        var bytesARow = (double)merged.Sum(f => f.Size) / mergedRows;
        return (long)files.Sum(f => f.IsMerged ? f.Size : Math.Min(f.Size, f.Rows * bytesARow));
    }

    private static RecentFile[] ToMerge(RecentFile[] files, SealingOptions options)
    {
        var small = files.Where(f => !f.IsMerged && f.Size <= options.MergedInputBytesMax).ToArray();
        return small.Length < options.MergeFiles ? [] : Portion(small, options.PlanInputsMax, options.TargetBytes);
    }

    /// <summary>The oldest, as many as may go into one file.</summary>
    private static RecentFile[] Portion(RecentFile[] files, int filesMax, long bytesMax)
    {
        var bytes = 0L;
        var count = 0;
        while (count < files.Length && count < filesMax && (count == 0 || bytes + files[count].Size <= bytesMax)) bytes += files[count++].Size;
        return files[..count];
    }

    private static SealItem Item(RecentFile[] files, string output) => new(
        output, files[0].PartitionValues, [.. files.Select(f => new SealInput(f.Path, f.Size, f.Rows, f.KeySum))], files.Min(f => f.SinceMs), files.Max(f => f.UntilMs));

    private static DateTimeOffset Moment(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms);
}
