using Azure.Identity;
using Azure.Storage;
using Azure.Storage.Blobs;

namespace Ingest.Core.Stores.AzureBlobs;

/// <summary>The client for a container, from address, options and environment.</summary>
internal static class AzureConnection
{
    public static BlobContainerClient Open(PoolAddress.AzureBlobs address, AzureOptions options)
    {
        var client = new BlobClientOptions();

        // Repeating is RetryingStore's alone, and so are timeouts: two layers multiply.
        client.Retry.MaxRetries = 0;
        client.Retry.NetworkTimeout = Timeout.InfiniteTimeSpan;
        if (address.Endpoint is null && options.Endpoint.Length == 0 && Variable("AZURE_STORAGE_CONNECTION_STRING") is { } text)
            return new BlobContainerClient(text, address.Container, client);

        var endpoint = address.Endpoint ?? Endpoint(options);
        var container = new Uri($"{endpoint.ToString().TrimEnd('/')}/{address.Container}");
        if (Variable("AZURE_STORAGE_SAS_TOKEN") is { } token) return new BlobContainerClient(new UriBuilder(container) { Query = token.TrimStart('?') }.Uri, client);
        if (Variable("AZURE_STORAGE_KEY") is { } key) return new BlobContainerClient(container, new StorageSharedKeyCredential(Account(endpoint, options), key), client);
        return new BlobContainerClient(container, new DefaultAzureCredential(), client);
    }

    private static Uri Endpoint(AzureOptions options)
    {
        if (options.Endpoint.Length > 0) return new Uri(options.Endpoint);
        var account = options.Account.Length > 0 ? options.Account : Variable("AZURE_STORAGE_ACCOUNT");
        return account is not null
            ? new Uri($"https://{account}.blob.core.windows.net")
            : throw new StoreException(StoreFault.Denied,
                "The pool's address names no storage account. Set Ingest:Store:Azure:Account or AZURE_STORAGE_ACCOUNT, or AZURE_STORAGE_CONNECTION_STRING, or write abfss://container@account.dfs.core.windows.net/prefix.");
    }

    private static string Account(Uri endpoint, AzureOptions options) =>
        options.Account.Length > 0 ? options.Account : Variable("AZURE_STORAGE_ACCOUNT") ?? endpoint.Host.Split('.')[0];

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
