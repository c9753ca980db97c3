using Amazon.S3.Model;

namespace Ingest.Core.Stores.S3;

/// <summary>One large object in parts, several on their way at a time, straight from the caller's memory. It appears as a whole or not at all.</summary>
internal sealed class S3PartedUpload(S3Connection connection, PartOptions options, string bucket, string key)
{
    public async ValueTask<CreateOutcome> RunAsync(ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        // Not every server knows the condition when parts are completed. Names of large objects are their writers' alone, so that looking first is enough there.
        if (await ExistsAsync(cancellation)) return CreateOutcome.AlreadyExists;
        var upload = (await connection.Client.InitiateMultipartUploadAsync(new InitiateMultipartUploadRequest { BucketName = bucket, Key = key }, cancellation)).UploadId;
        try
        {
            await connection.Client.CompleteMultipartUploadAsync(Completion(upload, await PartsAsync(upload, content, cancellation)), cancellation);
            return CreateOutcome.Created;
        }
        catch (Exception failure) when (S3Faults.IsOne(failure) || failure is OperationCanceledException)
        {
            await AbortAsync(upload);
            throw;
        }
    }

    private CompleteMultipartUploadRequest Completion(string upload, PartETag[] parts)
    {
        var request = new CompleteMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = upload, PartETags = [.. parts] };
        if (!connection.ForbidsOverwrite) request.IfNoneMatch = "*";
        return request;
    }

    private ValueTask<PartETag[]> PartsAsync(string upload, ReadOnlyMemory<byte> content, CancellationToken cancellation) => options.SendAsync(content, async (number, bytes, token) =>
    {
        var request = new UploadPartRequest
        {
            BucketName = bucket,
            Key = key,
            UploadId = upload,
            PartNumber = number + 1,
            PartSize = bytes.Length,
            InputStream = new MemoryReadStream(bytes),
            UseChunkEncoding = false,
            DisablePayloadSigning = !connection.SignsPayload,
        };
        if (connection.SendsMd5) request.MD5Digest = S3Digest.Of(bytes.Span);
        return new PartETag(number + 1, (await connection.Client.UploadPartAsync(request, token)).ETag);
    }, cancellation);

    private async ValueTask<bool> ExistsAsync(CancellationToken cancellation)
    {
        try
        {
            await connection.Client.GetObjectMetadataAsync(bucket, key, cancellation);
            return true;
        }
        catch (Exception missing) when (S3Faults.IsMissing(missing))
        {
            return false;
        }
    }

    /// <summary>Gives the parts' room back. Where that fails too, the bucket's rule for unfinished uploads tidies up (docs/stores.md).</summary>
    private async ValueTask AbortAsync(string upload)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await connection.Client.AbortMultipartUploadAsync(bucket, key, upload, patience.Token);
        }
        catch (Exception failure) when (S3Faults.IsOne(failure) || failure is OperationCanceledException)
        {
            // The first failure is the one to tell.
        }
    }
}
