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
            var seals = (scope.Everything || SealDue(all, sealedBefore(folder), options) <= now) && (all.Length <= options.PlanInputsMax || merge.Length == 0);
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

    /// <summary>When the first of what is due became due; null when nothing is. It does not move on while more files come.</summary>
    public static DateTimeOffset? DueSince(IEnumerable<RecentFile> files, Func<string, int> sealedBefore, DateTimeOffset now, SealingOptions options)
    {
        DateTimeOffset? first = null;
        foreach (var folder in files.GroupBy(f => f.Folder, StringComparer.Ordinal))
        {
            RecentFile[] all = [.. folder.OrderBy(f => f.SinceMs).ThenBy(f => f.Path, StringComparer.Ordinal)];
            var due = SealDue(all, sealedBefore(folder.Key), options);
            var small = all.Where(f => IsSmall(f, options)).Skip(options.MergeFiles - 1).FirstOrDefault();
            if (small is not null && Moment(small.UntilMs) < due) due = Moment(small.UntilMs);
            if (due <= now && (first is null || due < first)) first = due;
        }

        return first;
    }

    /// <summary>When a partition's files, in order, are to be sealed: once they weigh enough, or were quiet, or have become old.</summary>
    private static DateTimeOffset SealDue(RecentFile[] files, int sealedBefore, SealingOptions options)
    {
        var wait = Wait(sealedBefore, options);
        var atMost = wait * AgeFactor < SealingOptions.WaitMax ? wait * AgeFactor : SealingOptions.WaitMax;
        var (quiet, old) = (Moment(files.Max(f => f.UntilMs)) + wait, Moment(files.Min(f => f.SinceMs)) + atMost);
        var due = quiet < old ? quiet : old;
        return Full(files, options.TargetBytes) is { } full && full < due ? full : due;
    }

    /// <summary>When the files came to weigh as much as a sealed one; null before that. Small ones are mostly footers: where a merged file says what a row weighs, that counts.</summary>
    private static DateTimeOffset? Full(RecentFile[] files, long targetBytes)
    {
        var mergedRows = files.Where(f => f.IsMerged).Sum(f => f.Rows);
        var bytesARow = mergedRows == 0 ? double.MaxValue : (double)files.Where(f => f.IsMerged).Sum(f => f.Size) / mergedRows;
        var bytes = 0d;
        foreach (var file in files)
        {
            bytes += file.IsMerged ? file.Size : Math.Min(file.Size, file.Rows * bytesARow);
            if (bytes >= targetBytes) return Moment(file.UntilMs);
        }

        return null;
    }

    private static bool IsSmall(RecentFile file, SealingOptions options) => !file.IsMerged && file.Size <= options.MergedInputBytesMax;

    private static RecentFile[] ToMerge(RecentFile[] files, SealingOptions options)
    {
        var small = files.Where(f => IsSmall(f, options)).ToArray();
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
