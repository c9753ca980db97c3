using System.Collections.Immutable;
using CsCheck;
using Ingest.Core;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Sealing;

namespace Ingest.Tests.Pool.Sealing;

public sealed class SealPlannerTests
{
    private static readonly DateTimeOffset s_now = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly SealingOptions s_options = new() { TargetBytes = 100_000, MergeFiles = 10, PlanInputsMax = 20 };

    [Fact]
    public void A_further_file_waits_twice_as_long_at_most_a_week()
    {
        Assert.Equal(TimeSpan.FromHours(1), SealPlanner.Wait(0, s_options));
        Assert.Equal(TimeSpan.FromHours(8), SealPlanner.Wait(3, s_options));
        Assert.Equal(TimeSpan.FromDays(7), SealPlanner.Wait(30, s_options));
    }

    [Fact]
    public void A_partition_that_is_never_quiet_is_sealed_once_a_day()
    {
        var files = Enumerable.Range(0, 5).Select(i => File(i, ageMinutes: 30 + (i * 300))).ToArray();
        Assert.Empty(Plan(files));
        Assert.True(Assert.Single(Plan([.. files, File(9, ageMinutes: 1_441)])).IsSealed);
    }

    [Fact]
    public void No_row_is_written_more_than_three_times()
    {
        // A day of commits every ten seconds, with a look every minute, and what each look decides carried out at once.
        var files = new List<RecentFile>();
        var (ingested, written) = (0L, 0L);
        for (var minute = 0; minute < 1_500; minute++)
        {
            var now = s_now.AddMinutes(minute);
            for (var i = 0; minute < 1_440 && i < 6; i++)
            {
                files.Add(File(files.Count + (minute * 100), now: now));
                ingested += 1_000;
            }

            foreach (var item in SealPlanner.Plan(Folders(files), _ => 0, now, s_options, SealScope.Due, minute, IdSource.System))
            {
                var inputs = item.Inputs.Select(i => i.Path).ToHashSet();
                files.RemoveAll(f => inputs.Contains(f.Path));
                written += item.Bytes;
                if (!item.IsSealed) files.Add(new RecentFile(item.Output, "d=1/", item.PartitionValues, item.Bytes, item.Rows, item.KeySum, item.SinceMs, item.UntilMs));
            }

            Assert.True(files.Count < 100, $"{files.Count} files after {minute} minutes.");
        }

        Assert.Empty(files);
        Assert.InRange((ingested + written) / (double)ingested, 2, 3);
    }

    [Fact]
    public void More_files_than_a_plan_takes_are_merged_before_they_are_sealed()
    {
        var item = Assert.Single(Plan([.. Enumerable.Range(0, 50).Select(i => File(i, ageMinutes: 120))], SealScope.All));
        Assert.False(item.IsSealed);
        Assert.Equal(20, item.Inputs.Length);
    }

    [Fact]
    public void A_plan_takes_what_makes_one_file_and_no_more()
    {
        var item = Assert.Single(Plan([.. Enumerable.Range(0, 9).Select(i => File(i, size: 60_000, ageMinutes: 120))]));
        Assert.True(item.IsSealed);
        Assert.Equal(3, item.Inputs.Length);
    }

    [Fact]
    public void Only_the_partition_that_was_asked_for_is_sealed()
    {
        var other = File(7, ageMinutes: 1) with { Folder = "d=2/" };
        var item = Assert.Single(Plan([File(1, ageMinutes: 1), other], new SealScope(true, "d=2/")));
        Assert.StartsWith("d=2/sealed-", item.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_reads_back_as_it_was_written()
    {
        var plan = new SealPlan(3, Guid.Parse("11111111-2222-3333-4444-555555555555"), 17, Plan([File(1, ageMinutes: 90), File(2, ageMinutes: 95)]));
        var read = SealPlan.Read("x", plan.Write());
        Assert.Equal(plan.Write(), read.Write());
        Assert.Equal((plan.Number, plan.Id, plan.Version, plan.Items[0].Output, plan.Items[0].KeySum), (read.Number, read.Id, read.Version, read.Items[0].Output, read.Items[0].KeySum));
        Assert.Throws<InvalidDataException>(() => SealPlan.Read("x", "{}"u8.ToArray()));
    }

    [Fact]
    public void What_is_due_is_overdue_since_it_became_due_however_much_comes_after_it()
    {
        Assert.Null(Due([File(1, ageMinutes: 59)]));
        Assert.Equal(s_now.AddMinutes(-30), Due([File(1, ageMinutes: 90), File(2, ageMinutes: 95)]));

        // Heavy enough two hours ago; enough to be merged half an hour ago; in the partition for more than a day.
        RecentFile[] heavy = [.. Enumerable.Range(0, 40).Select(i => File(i, size: 60_000, ageMinutes: 123 - (i * 3)))];
        Assert.Equal(s_now.AddMinutes(-120), Due(heavy));
        RecentFile[] many = [.. Enumerable.Range(0, 12).Select(i => File(i, ageMinutes: 39 - i))];
        Assert.Equal(s_now.AddMinutes(-30), Due(many));
        Assert.Equal(s_now.AddMinutes(-60), Due([File(0, ageMinutes: 1_500), File(1, ageMinutes: 0)]));
    }

    [Fact]
    public void A_plan_is_made_exactly_when_something_is_overdue() =>
        Gen.Select(Gen.Int[0, 2_000], Gen.Long[100, 80_000]).Array[0, 30].Sample(drawn =>
        {
            RecentFile[] files = [.. drawn.Select((d, i) => File(i, d.Item2, d.Item1))];
            Assert.Equal(Due(files) is null, Plan(files).IsEmpty);
        }, iter: 2_000, threads: 1);

    private static DateTimeOffset? Due(RecentFile[] files) => SealPlanner.DueSince(Folders(files), _ => 0, s_now, s_options);

    private static ImmutableArray<SealItem> Plan(RecentFile[] files, SealScope? scope = null) => SealPlanner.Plan(Folders(files), _ => 0, s_now, s_options, scope ?? SealScope.Due, 0, IdSource.System);

    private static List<RecentFolder> Folders(IEnumerable<RecentFile> files)
    {
        var folders = new List<RecentFolder>();
        foreach (var file in files)
        {
            if (folders.Find(f => f.Name == file.Folder) is not { } folder) folders.Add(folder = new RecentFolder(file.Folder, file.PartitionValues));
            folder.Add(file);
        }

        return folders;
    }

    private static RecentFile File(int number, long size = 1_000, int ageMinutes = 0, DateTimeOffset? now = null)
    {
        var at = ((now ?? s_now) - TimeSpan.FromMinutes(ageMinutes)).ToUnixTimeMilliseconds();
        return new RecentFile($"{TableLayout.Recent}d=1/part-{number}.parquet", "d=1/", ImmutableSortedDictionary<string, string?>.Empty.Add("d", "1"), size, 10, (UInt128)(ulong)number, at, at);
    }
}
