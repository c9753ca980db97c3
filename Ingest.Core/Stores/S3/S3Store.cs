using System.Runtime.CompilerServices;
using Amazon.S3.Model;

namespace Ingest.Core.Stores.S3;

/// <summary>
/// Objects of a bucket below a prefix, on S3 and what speaks like it. A create carries its condition and a checksum that the server verifies; large
/// objects go up in parts and appear when these are completed. Tries everything once: repeating is <see cref="RetryingStore"/>'s.
/// </summary>
public sealed class S3Store : IObjectStore, IDisposable
{
    private readonly S3Connection _connection;
    private readonly S3Options _options;
    private readonly string _bucket;
    private readonly string _prefix;

    /// <exception cref="StoreException">There is no region.</exception>
    public S3Store(PoolAddress.S3 address, S3Options options)
    {
        _connection = S3Connection.Open(options);
        _options = options;
        _bucket = address.Bucket;
        _prefix = address.Prefix.Length == 0 ? "" : address.Prefix + "/";
    }

    /// <summary>An answer takes tens of milliseconds and next to no processor time: one by one, the files of a batch would take longer than the batch's records did.</summary>
    public int CallsAtOnce => 32;

    public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var key = Key(name);
        return await S3Faults.Rules.CreateAsync(Where(key), async () =>
        {
            if (content.Length > _options.Parts.FromBytes) return await new S3PartedUpload(_connection, _options.Parts, _bucket, key).RunAsync(content, cancellation);
            await PutAsync(key, content, isConditional: true, cancellation);
            return CreateOutcome.Created;
        });
    }

    public async ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var key = Key(name);
        await Ask("replace", key, StoreFault.Unknown, () => PutAsync(key, content, isConditional: false, cancellation));
    }

    public async ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation)
    {
        var key = Key(name);
        return await Ask("read", key, StoreFault.Transient, async () =>
        {
            using var found = await _connection.Client.GetObjectAsync(_bucket, key, cancellation);
            var content = new byte[found.ContentLength];
            await found.ResponseStream.ReadExactlyAsync(content, cancellation);
            return content;
        });
    }

    public async ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation)
    {
        var key = Key(name);
        return await Ask("read", key, StoreFault.Transient, async () =>
        {
            using var found = await _connection.Client.GetObjectAsync(_bucket, key, cancellation);
            await found.ResponseStream.CopyToAsync(destination, cancellation);
            return true;
        });
    }

    public async ValueTask<long?> SizeAsync(string name, CancellationToken cancellation)
    {
        var key = Key(name);
        return await Ask<long?>("look at", key, StoreFault.Transient, async () => (await _connection.Client.GetObjectMetadataAsync(_bucket, key, cancellation)).ContentLength);
    }

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        ObjectName.CheckPrefix(prefix);
        var request = new ListObjectsV2Request { BucketName = _bucket, Prefix = _prefix + prefix, StartAfter = after is null ? null : _prefix + after };
        do
        {
            var page = await Ask("list", request.Prefix, StoreFault.Transient, () => _connection.Client.ListObjectsV2Async(request, cancellation))
                ?? throw new StoreException(StoreFault.Transient, $"The listing of {Where(request.Prefix)} is missing.");
            foreach (var found in page.S3Objects ?? [])
            {
                // Consoles make empty objects with a '/' at the end, to show folders.
                if (found.Key.EndsWith('/')) continue;
                yield return new StoredObject(found.Key[_prefix.Length..], found.Size ?? 0, new DateTimeOffset(found.LastModified?.ToUniversalTime() ?? DateTime.UnixEpoch, TimeSpan.Zero));
            }

            request.ContinuationToken = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (request.ContinuationToken is not null);
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellation)
    {
        var key = Key(name);
        await Ask("delete", key, StoreFault.Unknown, () => _connection.Client.DeleteObjectAsync(_bucket, key, cancellation));
    }

    public void Dispose() => _connection.Client.Dispose();

    private Task<PutObjectResponse> PutAsync(string key, ReadOnlyMemory<byte> content, bool isConditional, CancellationToken cancellation)
    {
        var request = new PutObjectRequest
        {
            BucketName = _bucket,
            Key = key,
            InputStream = new MemoryReadStream(content),
            AutoCloseStream = false,
            UseChunkEncoding = false,
            DisablePayloadSigning = !_connection.SignsPayload,
        };
        if (_connection.SendsMd5) request.MD5Digest = S3Digest.Of(content.Span);
        if (isConditional && _connection.ForbidsOverwrite) request.Headers["x-oss-forbid-overwrite"] = "true";
        else if (isConditional) request.IfNoneMatch = "*";
        return _connection.Client.PutObjectAsync(request, cancellation);
    }

    private ValueTask<T?> Ask<T>(string doing, string key, StoreFault silence, Func<Task<T>> request) => S3Faults.Rules.AskAsync(doing, Where(key), silence, request);

    private string Key(string name)
    {
        ObjectName.Check(name);
        return _prefix + name;
    }

    private string Where(string key) => $"s3://{_bucket}/{key}";
}
