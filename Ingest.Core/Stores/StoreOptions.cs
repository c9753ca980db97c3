using Ingest.Core.Stores.AzureBlobs;
using Ingest.Core.Stores.S3;

namespace Ingest.Core.Stores;

/// <summary>How pools are opened, whatever they lie on.</summary>
public sealed record StoreOptions
{
    public S3Options S3 { get; init; } = new();

    public AzureOptions Azure { get; init; } = new();

    /// <summary>The operator's word that no other process writes to this pool: creates look first, which serves stores that ignore conditions.</summary>
    public bool SingleWriter { get; init; }

    /// <summary>The store at an address, which tries everything once.</summary>
    /// <exception cref="StoreException">It cannot be used; the message says why.</exception>
    public IObjectStore Open(PoolAddress address, IdSource ids, TimeProvider time)
    {
        IObjectStore store = address switch
        {
            PoolAddress.Folder folder => new LocalStore(folder.Root, ids, time),
            PoolAddress.S3 bucket => new S3Store(bucket, S3),
            PoolAddress.AzureBlobs blobs => new AzureBlobStore(blobs, Azure, ids),
            _ => throw new ArgumentOutOfRangeException(nameof(address)),
        };
        return SingleWriter ? new SingleWriterStore(store) : store;
    }
}
