using Ingest.Core.Pool;

namespace Ingest.Tests.Pool;

public sealed class TableLayoutTests
{
    private const string Folder = "department=traffic/event_date=2026-01-01/";

    [Fact]
    public void Unsealed_files_lie_outside_the_partition_folders_and_sealed_ones_in_them()
    {
        Assert.StartsWith("recent/" + Folder, TableLayout.NewFile(Folder, Guid.Empty), StringComparison.Ordinal);
        Assert.StartsWith("recent/" + Folder, TableLayout.MergedFile(Folder, 7, Guid.Empty), StringComparison.Ordinal);
        Assert.StartsWith(Folder, TableLayout.SealedFile(Folder, 7, Guid.Empty), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("recent/department=a/part-1.parquet", "department=a/", true, false, false)]
    [InlineData("recent/department=a/merged-0000000001-x.parquet", "department=a/", true, true, false)]
    [InlineData("department=a/sealed-0000000001-x.parquet", "department=a/", false, false, true)]
    [InlineData("department=recent/part-1.parquet", "department=recent/", false, false, false)]
    [InlineData("part-1.parquet", "", false, false, false)]
    [InlineData("recent/part-1.parquet", "", true, false, false)]
    public void A_path_says_what_it_is(string path, string folder, bool isRecent, bool isMerged, bool isSealed)
    {
        Assert.Equal(folder, TableLayout.FolderOf(path));
        Assert.Equal((isRecent, isMerged, isSealed), (TableLayout.IsRecent(path), TableLayout.IsMerged(path), TableLayout.IsSealed(path)));
    }
}
