using Amazon.S3;
using Amazon.S3.Model;
using Azure.Storage.Sas;
using Ingest.Core.Stores;
using Ingest.Core.Stores.AzureBlobs;
using Ingest.Core.Stores.S3;

namespace Ingest.Perf.Stores;

/// <summary>The plainest client there is, as the floor: one PUT of the same bytes, without checksum, condition or a second look. On a disk: a file, written and flushed.</summary>
internal sealed class PlainClient(PoolAddress address, StoreOptions options) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly S3Connection? _s3 = address is PoolAddress.S3 ? S3Connection.Open(options.S3) : null;

    public async Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        if (address is PoolAddress.Folder folder)
        {
            var path = Path.Combine(folder.Root, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
            await RandomAccess.WriteAsync(file, content, 0, cancellation).ConfigureAwait(false);
            RandomAccess.FlushToDisk(file);
            return;
        }

        using var request = new HttpRequestMessage(HttpMethod.Put, Url(name)) { Content = new ReadOnlyMemoryContent(content) };
        if (address is PoolAddress.AzureBlobs) request.Headers.Add("x-ms-blob-type", "BlockBlob");
        using var answer = await _http.SendAsync(request, cancellation).ConfigureAwait(false);
        answer.EnsureSuccessStatusCode();
    }

    public void Dispose()
    {
        _http.Dispose();
        _s3?.Client.Dispose();
    }

    /// <summary>Signed ahead, so that the payload is not part of it.</summary>
    private Uri Url(string name)
    {
        var expires = TimeProvider.System.GetUtcNow().AddHours(1);
        if (address is PoolAddress.AzureBlobs blobs)
            return AzureConnection.Open(blobs, options.Azure).GetBlobClient($"{blobs.Prefix}/{name}").GenerateSasUri(BlobSasPermissions.All, expires);
        var (bucket, url) = ((PoolAddress.S3)address, _s3!.Client.Config.ServiceURL ?? "https:");
        return new Uri(_s3.Client.GetPreSignedURL(new GetPreSignedUrlRequest
        {
            BucketName = bucket.Bucket,
            Key = $"{bucket.Prefix}/{name}",
            Verb = HttpVerb.PUT,
            Expires = expires.UtcDateTime,
            Protocol = url.StartsWith("http:", StringComparison.Ordinal) ? Protocol.HTTP : Protocol.HTTPS,
        }));
    }
}
