using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Ingest.Core.Stores.AzureBlobs;

/// <summary>
/// Blobs of a container below a prefix. A create carries <c>If-None-Match: *</c> and a checksum that the service verifies; large objects go up in blocks and appear when
/// their list is committed. Tries everything once: repeating is <see cref="RetryingStore"/>'s.
/// </summary>
public sealed class AzureBlobStore : IObjectStore
{
    /// <summary>Set on the entries that stand for directories in accounts with a hierarchical namespace.</summary>
    private const string DirectoryMark = "hdi_isfolder";

    private static readonly BlobRequestConditions s_ifFree = new() { IfNoneMatch = ETag.All };
    private static readonly UploadTransferValidationOptions s_checksum = new() { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 };

    private readonly BlobContainerClient _container;
    private readonly AzureOptions _options;
    private readonly IdSource _ids;
    private readonly string _prefix;
    private volatile bool _cannotStartFrom;

    /// <exception cref="StoreException">Nothing says which account.</exception>
    public AzureBlobStore(PoolAddress.AzureBlobs address, AzureOptions options, IdSource ids)
    {
        _container = AzureConnection.Open(address, options);
        _options = options;
        _ids = ids;
        _prefix = address.Prefix.Length == 0 ? "" : address.Prefix + "/";
    }

    /// <summary>An answer takes tens of milliseconds and next to no processor time: one by one, the files of a batch would take longer than the batch's records did.</summary>
    public int CallsAtOnce => 32;

    public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var blob = Blob(name);
        return await AzureFaults.Rules.CreateAsync(Where(blob), async () =>
        {
            if (content.Length > _options.Parts.FromBytes) await UploadBlocksAsync(blob, content, cancellation);
            else await UploadAsync(blob, content, s_ifFree, cancellation);
            return CreateOutcome.Created;
        });
    }

    public async ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var blob = Blob(name);
        await Ask("replace", blob, StoreFault.Unknown, async () => await UploadAsync(blob, content, null, cancellation));
    }

    public async ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation)
    {
        var blob = Blob(name);
        return await Ask("read", blob, StoreFault.Transient, async () =>
        {
            using var found = (await blob.DownloadStreamingAsync(cancellationToken: cancellation)).Value;
            if (found.Details.Metadata.ContainsKey(DirectoryMark)) return null;
            var content = new byte[found.Details.ContentLength];
            await found.Content.ReadExactlyAsync(content, cancellation);
            return content;
        });
    }

    public async ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation)
    {
        var blob = Blob(name);
        return await Ask("read", blob, StoreFault.Transient, async () =>
        {
            using var found = (await blob.DownloadStreamingAsync(cancellationToken: cancellation)).Value;
            if (found.Details.Metadata.ContainsKey(DirectoryMark)) return false;
            await found.Content.CopyToAsync(destination, cancellation);
            return true;
        });
    }

    public async ValueTask<long?> SizeAsync(string name, CancellationToken cancellation)
    {
        var blob = Blob(name);
        return await Ask<long?>("look at", blob, StoreFault.Transient, async () =>
        {
            var found = (await blob.GetPropertiesAsync(cancellationToken: cancellation)).Value;
            return found.Metadata.ContainsKey(DirectoryMark) ? null : found.ContentLength;
        });
    }

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        ObjectName.CheckPrefix(prefix);
        string? token = null;
        do
        {
            var page = await PageAsync(prefix, after, token, cancellation);
            foreach (var found in page.Values)
            {
                if (found.Metadata?.ContainsKey(DirectoryMark) == true || found.Name.EndsWith('/')) continue;
                var name = found.Name[_prefix.Length..];
                if (string.CompareOrdinal(name, after) > 0) yield return new StoredObject(name, found.Properties.ContentLength ?? 0, found.Properties.LastModified ?? default);
            }

            token = page.ContinuationToken;
        }
        while (!string.IsNullOrEmpty(token));
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellation)
    {
        var blob = Blob(name);
        await Ask("delete", blob, StoreFault.Unknown, async () => await blob.DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellation));
    }

    private static async Task<Response<BlobContentInfo>> UploadAsync(BlockBlobClient blob, ReadOnlyMemory<byte> content, BlobRequestConditions? condition, CancellationToken cancellation)
    {
        var options = new BlobUploadOptions
        {
            Conditions = condition,
            TransferValidation = s_checksum,

            // One request whatever the size: what is not below this the SDK cuts up, with copies.
            TransferOptions = new StorageTransferOptions { InitialTransferSize = content.Length + 1L, MaximumConcurrency = 1 },
        };
        return await blob.UploadAsync(new MemoryReadStream(content), options, cancellation);
    }

    private async ValueTask UploadBlocksAsync(BlockBlobClient blob, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        // Blocks lie beside the blob until a list names them; ours have names that no other upload uses.
        var upload = NextId();
        var blocks = await _options.Parts.SendAsync(content, async (number, bytes, token) =>
        {
            var block = Convert.ToBase64String([.. upload.ToByteArray(), (byte)(number >> 8), (byte)number]);
            await blob.StageBlockAsync(block, new MemoryReadStream(bytes), new BlockBlobStageBlockOptions { TransferValidation = s_checksum }, token);
            return block;
        }, cancellation);
        await blob.CommitBlockListAsync(blocks, new CommitBlockListOptions { Conditions = s_ifFree }, cancellation);
    }

    private async ValueTask<Page<BlobItem>> PageAsync(string prefix, string? after, string? token, CancellationToken cancellation)
    {
        try
        {
            return await PageAsync(_cannotStartFrom ? null : after);
        }
        catch (RequestFailedException refused) when (refused.Status == 400 && after is not null && !_cannotStartFrom)
        {
            // Not every account knows where to start from. Then all is listed, and what lies before is left out by us.
            _cannotStartFrom = true;
            return await PageAsync(null);
        }
        catch (Exception failure) when (AzureFaults.Rules.IsOne(failure))
        {
            throw AzureFaults.Rules.From("list", $"{_container.Uri}/{_prefix}{prefix}", failure, StoreFault.Transient);
        }

        async ValueTask<Page<BlobItem>> PageAsync(string? startFrom)
        {
            var options = new GetBlobsOptions { Prefix = _prefix + prefix, Traits = BlobTraits.Metadata, StartFrom = startFrom is null ? null : _prefix + startFrom };
            await foreach (var page in _container.GetBlobsAsync(options, cancellation).AsPages(token)) return page;
            throw new StoreException(StoreFault.Transient, $"The listing of {_container.Uri} has no page.");
        }
    }

    private ValueTask<T?> Ask<T>(string doing, BlockBlobClient blob, StoreFault silence, Func<Task<T>> request) => AzureFaults.Rules.AskAsync(doing, Where(blob), silence, request);

    private BlockBlobClient Blob(string name)
    {
        ObjectName.Check(name);
        return _container.GetBlockBlobClient(_prefix + name);
    }

    private string Where(BlockBlobClient blob) => $"{_container.Uri.GetLeftPart(UriPartial.Path)}/{blob.Name}";

    private Guid NextId()
    {
        lock (_ids) return _ids.Next();
    }
}
