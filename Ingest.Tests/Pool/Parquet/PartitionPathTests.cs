using System.Text;
using CsCheck;
using Ingest.Core.Contracts;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;

namespace Ingest.Tests.Pool.Parquet;

public sealed class PartitionPathTests
{
    [Theory]
    [InlineData("a", "v=a/", "v=a/")]
    [InlineData("a/b", "v=a%2Fb/", "v=a%252Fb/")]
    [InlineData("100%", "v=100%25/", "v=100%2525/")]
    [InlineData("a=b", "v=a%3Db/", "v=a%253Db/")]
    [InlineData("a b", "v=a b/", "v=a%20b/")]
    [InlineData("..", "v=%2E%2E/", "v=%252E%252E/")]
    [InlineData(".", "v=%2E/", "v=%252E/")]
    [InlineData(".a", "v=.a/", "v=.a/")]
    [InlineData("浦东", "v=浦东/", "v=%E6%B5%A6%E4%B8%9C/")]
    [InlineData("😀", "v=😀/", "v=%F0%9F%98%80/")]
    [InlineData("a\nb\u007F", "v=a%0Ab%7F/", "v=a%250Ab%257F/")]
    [InlineData("a+b&c", "v=a+b&c/", "v=a+b&c/")]
    [InlineData("\"#'*:?\\{[]^", "v=%22%23%27%2A%3A%3F%5C%7B%5B%5D%5E/", "v=%2522%2523%2527%252A%253A%253F%255C%257B%255B%255D%255E/")]
    [InlineData(null, "v=__HIVE_DEFAULT_PARTITION__/", "v=__HIVE_DEFAULT_PARTITION__/")]
    [InlineData("2021-09-08 11:11:11", "v=2021-09-08 11%3A11%3A11/", "v=2021-09-08%2011%253A11%253A11/")]
    public void Folders_are_named_as_Spark_names_them_and_the_log_escapes_once_more(string? value, string folder, string inLog)
    {
        Assert.Equal(folder, PartitionPath.Folder(["v"], [value]));
        Assert.Equal(inLog, LogPath.Encode(folder));
        Assert.Equal(folder, LogPath.Decode(inLog));
    }

    [Fact]
    public void No_value_leads_out_of_its_folder_and_all_come_back() => Gen.String.Where(s => !s.Any(char.IsSurrogate)).Sample(value =>
    {
        var folder = PartitionPath.Folder(["a", "v"], ["x", value]);
        Assert.Equal(2, folder.Count(c => c == '/'));
        Assert.DoesNotContain(folder.Split('/'), s => s is "." or "..");
        Assert.Equal(value, PartitionPath.Unescape(folder["a=x/v=".Length..^1]));
        Assert.Equal(folder, LogPath.Decode(LogPath.Encode(folder)));
    }, iter: 2000);

    [Fact]
    public void A_text_fits_when_its_folder_shows_it_in_so_many_bytes() =>
        Gen.OneOf(Gen.Char["ab./%中\u0001é"].Array[0, 160], Gen.Select(Gen.Char["a./中"], Gen.Int[0, 160], (c, n) => Enumerable.Repeat(c, n).ToArray())).Select(c => new string(c)).Sample(value =>
        {
            var bytes = Encoding.UTF8.GetByteCount(PartitionPath.Folder(["v"], [value])) - "v=/".Length;
            Assert.Equal(bytes <= FolderText.BytesMax, FolderText.Fits(Encoding.UTF8.GetBytes(value)));
        }, iter: 5000);

    [Fact]
    public void A_table_without_partitions_has_no_folder() => Assert.Equal("", PartitionPath.Folder([], []));
}
