using System.Data.Common;
using Amazon.S3;
using Azure.Storage.Blobs;
using Ingest.Core;
using Ingest.Core.Stores;

namespace Ingest.Tests.Stores;

/// <summary>
/// Real servers for tests of objects: INGEST_TEST_S3 is <c>endpoint=http://…;access_key=…;secret_key=…</c>, as <c>radosgw.sh start</c> prints it (a line or a ';' between), INGEST_TEST_AZURE
/// a connection string, as Azurite takes it. Where one is not set, its tests are skipped. The product finds its credentials in the environment, as it would anywhere.
/// </summary>
internal static class ObjectServers
{
    private const string Bucket = "ingest-test";

    private static readonly Lazy<string?> s_s3 = new(PrepareS3);
    private static readonly Lazy<DbConnectionStringBuilder?> s_azure = new(PrepareAzure);

    /// <summary>A pool's address that no other test uses. Skips the test when there is no such server.</summary>
    /// <param name="kind">s3 or azure.</param>
    public static string NewPool(string kind)
    {
        var prefix = IdSource.System.Next().ToString("N");
        Endpoint(kind);
        return kind == "s3" ? $"s3://{Bucket}/{prefix}" : $"az://{Bucket}/{prefix}";
    }

    /// <summary>URL of the server. Skips the test when there is none.</summary>
    public static Uri Endpoint(string kind)
    {
        if (kind == "s3") return new Uri(s_s3.Value ?? Absent("INGEST_TEST_S3=endpoint=http://…;access_key=…;secret_key=… (shared/s3/radosgw.sh start)"));
        return s_azure.Value is { } account
            ? new Uri((string)account["BlobEndpoint"])
            : new Uri(Absent("INGEST_TEST_AZURE=DefaultEndpointsProtocol=http;AccountName=…;AccountKey=…;BlobEndpoint=http://… (npm package azurite)"));
    }

    public static IObjectStore Open(string address, StoreOptions? options = null) =>
        (options ?? new StoreOptions()).Open(PoolAddress.Parse(address, out _)!, IdSource.System, TimeProvider.System);

    /// <summary>Makes a bucket or container. Skips the test when there is no such server.</summary>
    public static async Task MakeBucketAsync(string kind, string name)
    {
        var endpoint = Endpoint(kind);
        if (kind == "azure")
        {
            await Container(Environment.GetEnvironmentVariable("INGEST_TEST_AZURE")!, name).CreateIfNotExistsAsync();
            return;
        }

        using var client = new AmazonS3Client(new AmazonS3Config { ServiceURL = endpoint.OriginalString, ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        await client.PutBucketAsync(name);
    }

    private static string Absent(string wanted)
    {
        Assert.Skip($"wants a server: {wanted}");
        return "";
    }

    private static string? PrepareS3()
    {
        if (Environment.GetEnvironmentVariable("INGEST_TEST_S3") is not { Length: > 0 } text) return null;
        var access = text.Split([';', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL_S3", access["endpoint"]);
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", access["access_key"]);
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", access["secret_key"]);
        using var client = new AmazonS3Client(new AmazonS3Config { ServiceURL = access["endpoint"], ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        client.PutBucketAsync(Bucket).GetAwaiter().GetResult();
        return access["endpoint"];
    }

    private static DbConnectionStringBuilder? PrepareAzure()
    {
        if (Environment.GetEnvironmentVariable("INGEST_TEST_AZURE") is not { Length: > 0 } text) return null;
        var account = new DbConnectionStringBuilder { ConnectionString = text };
        Environment.SetEnvironmentVariable("AZURE_STORAGE_CONNECTION_STRING", text);
        Environment.SetEnvironmentVariable("AZURE_STORAGE_ACCOUNT", (string)account["AccountName"]);
        Environment.SetEnvironmentVariable("AZURE_STORAGE_KEY", (string)account["AccountKey"]);
        Container(text, Bucket).CreateIfNotExists();
        return account;
    }

    private static BlobContainerClient Container(string account, string name) => new BlobServiceClient(account).GetBlobContainerClient(name);
}
