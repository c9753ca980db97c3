using System.Collections.Immutable;
using CsCheck;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Sealing;

namespace Ingest.Tests.Pool.Sealing;

public sealed class RecentFolderTests
{
    private const string Folder = "department=traffic/event_date=2026-03-01/";

    private static readonly ImmutableSortedDictionary<string, string?> s_values = ImmutableSortedDictionary<string, string?>.Empty;

    /// <summary>Names as we make them, and such as only look like it.</summary>
    private static readonly Gen<string> s_path = Gen.Select(Gen.Int[0, 5], Gen.Guid, Gen.Long[0, 99_999_999_999]).Select((kind, id, plan) => kind switch
    {
        0 or 1 => TableLayout.NewFile(Folder, id),
        2 => TableLayout.MergedFile(Folder, plan, id),
        3 => $"recent/{Folder}part-{id:N}".ToUpperInvariant().Replace("RECENT/" + Folder.ToUpperInvariant(), "recent/" + Folder, StringComparison.Ordinal) + ".zstd.parquet",
        4 => $"recent/{Folder}part-{id:D}-c000.zstd.parquet",
        _ => $"recent/{Folder}merged-{plan}-{id:N}.zstd.parquet",
    });

    [Fact]
    public void Files_come_back_as_they_went_in_and_are_found_and_taken_out_by_their_paths() =>
        Gen.Select(s_path.Array[0, 40], Gen.Int[0, int.MaxValue]).Sample((paths, seed) =>
        {
            var random = new Random(seed);
            var folder = new RecentFolder(Folder, s_values);
            var wanted = new Dictionary<string, RecentFile>(StringComparer.Ordinal);
            foreach (var path in paths.Concat(paths.Where(_ => random.Next(4) == 0)).ToArray())
            {
                if (random.Next(8) == 0) Assert.Equal(wanted.Count, folder.Count);
                var file = new RecentFile(path, Folder, s_values, random.Next(), random.Next(), (UInt128)(ulong)random.NextInt64(), random.Next(5), random.Next());
                folder.Add(file);
                wanted[path] = file;
            }

            foreach (var path in paths.Where(_ => random.Next(3) == 0).Distinct().ToArray())
            {
                if (random.Next(2) == 0) Assert.Equal(wanted[path], folder.Take(path));
                else folder.Remove(new HashSet<RecentName> { RecentName.Of(path) });
                wanted.Remove(path);
                Assert.False(folder.Contains(path));
                Assert.Null(folder.Take(path));
            }

            Assert.Equal(wanted.Values.OrderBy(f => f.Path, StringComparer.Ordinal), Enumerable.Range(0, folder.Count).Select(at => folder[at]).OrderBy(f => f.Path, StringComparer.Ordinal));
            Assert.Equal(wanted.Values.Sum(f => f.Size), folder.Bytes);
            Assert.All(wanted.Keys, path => Assert.True(folder.Contains(path)));
            Assert.Equal(wanted.Values.Select(f => f.SinceMs).Order(), folder.ByAge().Select(at => folder.Facts(at).SinceMs));
            Assert.All(Enumerable.Range(0, folder.Count), at => Assert.Equal(folder[at].IsMerged, folder.Facts(at).IsMerged));
        }, iter: 500, threads: 1);

    [Fact]
    public void Ten_thousand_files_of_one_partition_are_not_moved_again_for_each_that_comes()
    {
        const int files = 10_000, looks = 20;
        var random = new Random(5);
        var folder = new RecentFolder(Folder, s_values);
        var id = new byte[16];
        for (var i = 0; i < files; i++)
        {
            random.NextBytes(id);
            folder.Add(new RecentFile(TableLayout.NewFile(Folder, new Guid(id)), Folder, s_values, 1, 1, 1, i, i));
            if (i % (files / looks) == 0) Assert.Equal(i + 1, folder.Count);
        }

        Assert.Equal((files, (long)files), (folder.Count, folder.Bytes));
        Assert.InRange(folder.Moved, files / 2, files * looks);
    }

    [Fact]
    public void Files_that_come_in_order_as_from_a_checkpoint_are_not_moved_at_all()
    {
        var folder = new RecentFolder(Folder, s_values);
        for (var i = 0; i < 1_000; i++) folder.Add(new RecentFile(TableLayout.MergedFile(Folder, i, Guid.Empty), Folder, s_values, 1, 1, 1, i, i));
        Assert.Equal((1_000, 0L), (folder.Count, folder.Moved));
    }
}
