using Ingest.Core.Stores;

namespace Ingest.Perf.Stores;

/// <summary>The stores to measure, by their addresses; credentials and endpoints come from the environment, as for the worker.</summary>
internal static class StoreAddresses
{
    public const string Help = "Pools to measure, such as /tmp/pool s3://bucket/perf az://container/perf; each gets a folder of its own below, which is deleted at the end. Endpoints and credentials by the SDKs' variables (docs/stores.md).";

    /// <summary>The SDK's variable for the address of an S3 service.</summary>
    public const string S3Endpoint = "AWS_ENDPOINT_URL_S3";

    public static List<PoolAddress>? Parse(IEnumerable<string> texts)
    {
        var addresses = new List<PoolAddress>();
        foreach (var text in texts)
        {
            if (PoolAddress.Parse(text, out var error) is { } address) addresses.Add(address);
            else Console.Error.WriteLine(error);
        }

        return addresses.Count == texts.Count() && addresses.Count > 0 ? addresses : null;
    }

    public static string Kind(PoolAddress address) => address switch
    {
        PoolAddress.Folder => "local",
        PoolAddress.S3 => "s3",
        _ => "azure",
    };

    public static async Task DeleteAllAsync(IObjectStore store, CancellationToken cancellation)
    {
        var names = new List<string>();
        await foreach (var found in store.ListAsync("", null, cancellation).ConfigureAwait(false)) names.Add(found.Name);
        await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellation }, async (name, token) => await store.DeleteAsync(name, token).ConfigureAwait(false)).ConfigureAwait(false);
    }
}
