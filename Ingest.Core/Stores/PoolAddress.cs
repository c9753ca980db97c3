namespace Ingest.Core.Stores;

/// <summary>Where a pool is: a folder, or a prefix of a bucket or container. Closed.</summary>
public abstract record PoolAddress
{
    private PoolAddress() { }

    /// <summary>A folder of a local or NFS file system.</summary>
    /// <param name="Root">Absolute.</param>
    public sealed record Folder(string Root) : PoolAddress
    {
        public override string ToString() => Root;
    }

    /// <summary>Objects of a bucket.</summary>
    /// <param name="Prefix">Without '/' at its ends; empty for the whole bucket.</param>
    public sealed record S3(string Bucket, string Prefix) : PoolAddress
    {
        public override string ToString() => Join($"s3://{Bucket}", Prefix);
    }

    /// <summary>Blobs of a container.</summary>
    /// <param name="Endpoint">The account's blob endpoint where the address names the account; else null: settings or environment say it.</param>
    /// <param name="Prefix">Without '/' at its ends; empty for the whole container.</param>
    public sealed record AzureBlobs(Uri? Endpoint, string Container, string Prefix) : PoolAddress
    {
        public override string ToString() => Join(Endpoint is null ? $"az://{Container}" : $"{Endpoint.ToString().TrimEnd('/')}/{Container}", Prefix);
    }

    /// <summary>Reads an address as people write it.</summary>
    /// <returns>Null when it is none; <paramref name="error"/> says what is wrong and what would be right.</returns>
    public static PoolAddress? Parse(string text, out string? error)
    {
        error = null;
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
        {
            if (!string.IsNullOrWhiteSpace(text)) return new Folder(Path.GetFullPath(text));
            error = "The pool's address is empty. Give a folder, s3://bucket/prefix or az://container/prefix.";
            return null;
        }

        var (name, rest) = (text[..scheme].ToLowerInvariant(), text[(scheme + 3)..]);
        var (host, prefix) = Split(rest);
        var address = name switch
        {
            "file" => new Folder(Path.GetFullPath("/" + rest.TrimStart('/'))),
            "s3" or "s3a" or "s3n" or "oss" when IsName(host) => new S3(host, prefix),
            "az" or "azure" or "wasbs" or "abfs" or "abfss" => Azure(host, prefix),
            "https" or "http" when host.Contains(".blob.", StringComparison.Ordinal) || host.Contains(".dfs.", StringComparison.Ordinal) => AzureByUrl(name, host, prefix),
            _ => (PoolAddress?)null,
        };
        if (address is null || !IsPrefix(address))
        {
            error = $"'{text}' is no pool's address. Give a folder, s3://bucket/prefix, az://container/prefix, abfss://container@account.dfs.core.windows.net/prefix or https://account.blob.core.windows.net/container/prefix.";
            return null;
        }

        return address;
    }

    private static AzureBlobs? Azure(string host, string prefix)
    {
        var at = host.IndexOf('@', StringComparison.Ordinal);
        if (at < 0) return IsName(host) ? new AzureBlobs(null, host, prefix) : null;
        return IsName(host[..at]) && host.Length > at + 1 ? new AzureBlobs(BlobsOf("https", host[(at + 1)..]), host[..at], prefix) : null;
    }

    private static AzureBlobs? AzureByUrl(string scheme, string host, string path)
    {
        var (container, prefix) = Split(path);
        return IsName(container) ? new AzureBlobs(BlobsOf(scheme, host), container, prefix) : null;
    }

    /// <summary>Lake storage has two endpoints over the same blobs; ours is the blobs'.</summary>
    private static Uri BlobsOf(string scheme, string host) => new($"{scheme}://{host.Replace(".dfs.", ".blob.", StringComparison.Ordinal)}");

    private static (string Head, string Tail) Split(string path)
    {
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (path, "") : (path[..slash], path[(slash + 1)..].Trim('/'));
    }

    private static bool IsName(string name) => name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '$');

    private static bool IsPrefix(PoolAddress address) => address switch
    {
        S3 s3 => s3.Prefix.Length == 0 || ObjectName.IsValid(s3.Prefix),
        AzureBlobs blobs => blobs.Prefix.Length == 0 || ObjectName.IsValid(blobs.Prefix),
        _ => true,
    };

    private static string Join(string root, string prefix) => prefix.Length == 0 ? root : $"{root}/{prefix}";
}
