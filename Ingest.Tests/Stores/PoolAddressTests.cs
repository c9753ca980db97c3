using Ingest.Core.Stores;

namespace Ingest.Tests.Stores;

public sealed class PoolAddressTests
{
    [Theory]
    [InlineData("/data/pool", "/data/pool")]
    [InlineData("file:///data/pool", "/data/pool")]
    [InlineData("s3://city", "s3://city")]
    [InlineData("s3://city/a/b/", "s3://city/a/b")]
    [InlineData("S3A://city/a", "s3://city/a")]
    [InlineData("oss://city/a", "s3://city/a")]
    [InlineData("az://pool/a", "az://pool/a")]
    [InlineData("abfss://pool@city.dfs.core.windows.net/a/b", "https://city.blob.core.windows.net/pool/a/b")]
    [InlineData("wasbs://pool@city.blob.core.windows.net/", "https://city.blob.core.windows.net/pool")]
    [InlineData("https://city.blob.core.windows.net/pool/a", "https://city.blob.core.windows.net/pool/a")]
    [InlineData("https://city.dfs.core.chinacloudapi.cn/pool/a", "https://city.blob.core.chinacloudapi.cn/pool/a")]
    public void Addresses_are_read_as_people_write_them(string text, string canonical)
    {
        Assert.Equal(canonical, PoolAddress.Parse(text, out var error)?.ToString());
        Assert.Null(error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s3://")]
    [InlineData("s3:///a")]
    [InlineData("s3://city/../a")]
    [InlineData("s3://city/a//b")]
    [InlineData("gs://city/a")]
    [InlineData("abfss://@city/a")]
    [InlineData("https://example.org/pool")]
    public void What_is_none_is_refused_with_what_would_be_right(string text)
    {
        Assert.Null(PoolAddress.Parse(text, out var error));
        Assert.Contains("s3://bucket/prefix", error, StringComparison.Ordinal);
    }
}
