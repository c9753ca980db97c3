using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace Ingest.Core.Stores.S3;

/// <summary>What the options and the environment come to: the client, and how requests are made.</summary>
/// <param name="SignsPayload">Whether the signature takes in a hash of the payload: where that is its only checksum, and where there is no TLS, without which the SDK signs everything.</param>
internal sealed record S3Connection(AmazonS3Client Client, bool SendsMd5, bool ForbidsOverwrite, bool SignsPayload)
{
    /// <summary>What goes from the payload to the wire at a time, and what each upload rents to do so; the SDK's 8 KiB are mostly system calls.</summary>
    private const int BufferBytes = 128 << 10;

    public static S3Connection Open(S3Options options)
    {
        var endpoint = FirstOf(options.Endpoint, Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL_S3"), Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL"));
        var isAlibaba = endpoint.Contains(".aliyuncs.com", StringComparison.OrdinalIgnoreCase);
        var checksum = options.Checksum != S3Checksum.Auto ? options.Checksum : endpoint.Length == 0 ? S3Checksum.Crc : isAlibaba ? S3Checksum.Md5 : S3Checksum.Sha256;
        var config = new AmazonS3Config
        {
            // Repeating is RetryingStore's alone, and so are timeouts: two layers multiply.
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0,
            ThrottleRetries = false,
            Timeout = Timeout.InfiniteTimeSpan,
            RequestChecksumCalculation = checksum == S3Checksum.Crc ? RequestChecksumCalculation.WHEN_SUPPORTED : RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = checksum == S3Checksum.Crc ? ResponseChecksumValidation.WHEN_SUPPORTED : ResponseChecksumValidation.WHEN_REQUIRED,
            BufferSize = BufferBytes,
            HttpClientFactory = new S3Clients(),
        };
        if (endpoint.Length > 0)
        {
            config.ServiceURL = endpoint;
            config.AuthenticationRegion = FirstOf(options.Region, Environment.GetEnvironmentVariable("AWS_REGION"), Environment.GetEnvironmentVariable("AWS_DEFAULT_REGION"), "us-east-1");
            config.ForcePathStyle = options.Addressing == S3Addressing.Path || (options.Addressing == S3Addressing.Auto && !isAlibaba);
        }
        else
        {
            if (options.Region.Length > 0) config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
            config.ForcePathStyle = options.Addressing == S3Addressing.Path;
        }

        return new S3Connection(
            NewClient(config),
            checksum == S3Checksum.Md5,
            options.Condition == S3Condition.ForbidOverwrite || (options.Condition == S3Condition.Auto && isAlibaba),
            checksum == S3Checksum.Sha256 || endpoint.StartsWith("http:", StringComparison.OrdinalIgnoreCase));
    }

    private static AmazonS3Client NewClient(AmazonS3Config config)
    {
        try
        {
            return new AmazonS3Client(config);
        }
        catch (AmazonClientException unset)
        {
            throw new StoreException(StoreFault.Denied, $"The S3 client cannot be made: {unset.Message.TrimEnd('.')}. Give the region with Ingest:Store:S3:Region or AWS_REGION.", unset);
        }
    }

    private static string FirstOf(params ReadOnlySpan<string?> candidates)
    {
        foreach (var candidate in candidates)
        {
            if (!string.IsNullOrWhiteSpace(candidate)) return candidate.Trim();
        }

        return "";
    }
}
