namespace Ingest.Core.Stores.AzureBlobs;

/// <summary>
/// How an account is reached. Credentials: <c>AZURE_STORAGE_CONNECTION_STRING</c>, <c>AZURE_STORAGE_KEY</c> or <c>AZURE_STORAGE_SAS_TOKEN</c> where one is set, else Azure.Identity's
/// usual chain (environment, workload identity, managed identity, command line).
/// </summary>
public sealed record AzureOptions
{
    /// <summary>Name of the storage account, where the pool's address does not say it; empty: <c>AZURE_STORAGE_ACCOUNT</c>.</summary>
    public string Account { get; init; } = "";

    /// <summary>URL of the account's blobs, where it is not <c>https://ACCOUNT.blob.core.windows.net</c>.</summary>
    public string Endpoint { get; init; } = "";

    public PartOptions Parts { get; init; } = new();
}
