namespace Ingest.Core.Stores.S3;

/// <summary>How a bucket is reached. Credentials come by the AWS SDK's usual chain (environment, profile, web identity, container, instance).</summary>
public sealed record S3Options
{
    /// <summary>URL of the service where it is not AWS; empty: <c>AWS_ENDPOINT_URL_S3</c>, <c>AWS_ENDPOINT_URL</c>, or AWS itself.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>Empty: the SDK's (<c>AWS_REGION</c>, profile, instance), or us-east-1 with an endpoint of one's own.</summary>
    public string Region { get; init; } = "";

    public S3Addressing Addressing { get; init; }

    public S3Checksum Checksum { get; init; }

    public S3Condition Condition { get; init; }

    public PartOptions Parts { get; init; } = new();
}

/// <summary>Where the bucket's name stands in a URL.</summary>
public enum S3Addressing
{
    /// <summary>In the host for AWS and Alibaba, in the path for any other endpoint.</summary>
    Auto,

    /// <summary>In the path: most servers of one's own.</summary>
    Path,

    /// <summary>In the host.</summary>
    Host,
}

/// <summary>What the server checks of an upload.</summary>
public enum S3Checksum
{
    /// <summary>Crc for AWS, Md5 for Alibaba, Sha256 for any other endpoint.</summary>
    Auto,

    /// <summary>Content-MD5, which every server knows, and twice the work of SHA-256 where the processor helps with that.</summary>
    Md5,

    /// <summary>The signature's own hash of the payload: a server that checks signatures (version 4) checks it.</summary>
    Sha256,

    /// <summary>The SDK's CRC, stored with the object and checked when it is read.</summary>
    Crc,
}

/// <summary>How a create says that it must not overwrite.</summary>
public enum S3Condition
{
    /// <summary>ForbidOverwrite for Alibaba, IfNoneMatch for any other.</summary>
    Auto,

    /// <summary><c>If-None-Match: *</c></summary>
    IfNoneMatch,

    /// <summary><c>x-oss-forbid-overwrite: true</c></summary>
    ForbidOverwrite,
}
