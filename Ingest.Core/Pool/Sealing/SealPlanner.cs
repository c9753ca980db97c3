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

    /// <param name="folders">All partitions with recent files.</param>
    /// <param name="sealedBefore">How many sealed files the partition of a folder has.</param>
    /// <param name="number">The plan's number, for the names.</param>
    public static ImmutableArray<SealItem> Plan(
        IEnumerable<RecentFolder> folders, Func<string, int> sealedBefore, DateTimeOffset now, SealingOptions options, SealScope scope, long number, IdSource ids)
    {
        var items = ImmutableArray.CreateBuilder<SealItem>();
        var (inputs, bytes) = (0, 0L);
        var due = folders.Where(f => (scope.Folder is null || f.Name == scope.Folder) && (scope.Everything || IsDue(f, sealedBefore, now, options)))
            .OrderByDescending(f => f.Count).ThenBy(f => f.Name, StringComparer.Ordinal);
        foreach (var folder in due)
        {
            if (items.Count >= ItemsMax || inputs >= options.PlanInputsMax || bytes >= options.OutputBytesMax) break;
            var byAge = folder.ByAge();
            var merge = ToMerge(folder, byAge, options);

            // More inputs than a plan takes are merged first, or one partition would be sealed in many small pieces.
            var seals = (scope.Everything || Due(folder, sealedBefore, options).Seal <= now) && (folder.Count <= options.PlanInputsMax || merge.Length == 0);
            var chosen = seals ? Portion(folder, byAge, options.PlanInputsMax, options.OutputBytesMax) : merge;
            if (chosen.Length == 0 || (items.Count > 0 && inputs + chosen.Length > options.PlanInputsMax)) continue;
            items.Add(Item(folder, chosen, seals ? TableLayout.SealedFile(folder.Name, number, ids.Next()) : TableLayout.MergedFile(folder.Name, number, ids.Next())));
            inputs += chosen.Length;
            bytes += items[^1].Bytes;
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
    public static DateTimeOffset? DueSince(IEnumerable<RecentFolder> folders, Func<string, int> sealedBefore, DateTimeOffset now, SealingOptions options)
    {
        DateTimeOffset? first = null;
        foreach (var folder in folders)
        {
            var due = Due(folder, sealedBefore, options).First;
            if (due <= now && (first is null || due < first)) first = due;
        }

        return first;
    }

    /// <summary>Many enough to be merged are due at once, whenever they came: clocks of workers differ.</summary>
    private static bool IsDue(RecentFolder folder, Func<string, int> sealedBefore, DateTimeOffset now, SealingOptions options) =>
        Due(folder, sealedBefore, options) is var due && (due.Seal <= now || due.Merge is not null);

    /// <summary>Found out once for as long as the files stay the same: a table may have ten thousand partitions, and is looked at every half minute.</summary>
    private static FolderDue Due(RecentFolder folder, Func<string, int> sealedBefore, SealingOptions options)
    {
        if (folder.Due is { } known) return known;
        var byAge = folder.ByAge();
        DateTimeOffset? merge = null;
        var small = 0;
        foreach (var at in byAge)
        {
            var facts = folder.Facts(at);
            if (!IsSmall(facts, options) || ++small != options.MergeFiles) continue;
            merge = Moment(facts.UntilMs);
            break;
        }

        return folder.Due = new FolderDue(SealDue(folder, byAge, sealedBefore(folder.Name), options), merge);
    }

    /// <summary>When a partition's files are to be sealed: once they weigh enough, or were quiet, or have become old.</summary>
    private static DateTimeOffset SealDue(RecentFolder folder, int[] byAge, int sealedBefore, SealingOptions options)
    {
        var wait = Wait(sealedBefore, options);
        var atMost = wait * AgeFactor < SealingOptions.WaitMax ? wait * AgeFactor : SealingOptions.WaitMax;
        var (quiet, old) = (Moment(byAge.Max(at => folder.Facts(at).UntilMs)) + wait, Moment(folder.Facts(byAge[0]).SinceMs) + atMost);
        var due = quiet < old ? quiet : old;
        return Full(folder, byAge, options.TargetBytes) is { } full && full < due ? full : due;
    }

    /// <summary>When the files came to weigh as much as a sealed one; null before that. Small ones are mostly footers: where a merged file says what a row weighs, that counts.</summary>
    private static DateTimeOffset? Full(RecentFolder folder, int[] byAge, long targetBytes)
    {
        var (mergedRows, mergedBytes) = (0L, 0L);
        foreach (var at in byAge)
        {
            if (folder.Facts(at) is not { IsMerged: true } merged) continue;
            mergedRows += merged.Rows;
            mergedBytes += merged.Size;
        }

        var bytesARow = mergedRows == 0 ? double.MaxValue : (double)mergedBytes / mergedRows;
        var bytes = 0d;
        foreach (var at in byAge)
        {
            var file = folder.Facts(at);
            bytes += file.IsMerged ? file.Size : Math.Min(file.Size, file.Rows * bytesARow);
            if (bytes >= targetBytes) return Moment(file.UntilMs);
        }

        return null;
    }

    private static bool IsSmall(in RecentFacts file, SealingOptions options) => !file.IsMerged && file.Size <= options.MergedInputBytesMax;

    private static RecentFile[] ToMerge(RecentFolder folder, int[] byAge, SealingOptions options)
    {
        var small = Array.FindAll(byAge, at => IsSmall(folder.Facts(at), options));
        return small.Length < options.MergeFiles ? [] : Portion(folder, small, options.PlanInputsMax, options.TargetBytes);
    }

    /// <summary>The oldest, as many as may go into one file.</summary>
    private static RecentFile[] Portion(RecentFolder folder, int[] byAge, int filesMax, long bytesMax)
    {
        var bytes = 0L;
        var count = 0;
        while (count < byAge.Length && count < filesMax && folder.Facts(byAge[count]).Size is var size && (count == 0 || bytes + size <= bytesMax))
        {
            bytes += size;
            count++;
        }

        return [.. byAge.AsSpan(0, count).ToArray().Select(at => folder[at])];
    }

    private static SealItem Item(RecentFolder folder, RecentFile[] files, string output) => new(
        output, folder.PartitionValues, [.. files.Select(f => new SealInput(f.Path, f.Size, f.Rows, f.KeySum))], files.Min(f => f.SinceMs), files.Max(f => f.UntilMs));

    private static DateTimeOffset Moment(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms);
}
