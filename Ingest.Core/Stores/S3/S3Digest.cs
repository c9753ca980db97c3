using System.Security.Cryptography;

namespace Ingest.Core.Stores.S3;

/// <summary>Content-MD5: not a secret's guard here but a checksum, the one that every S3 server verifies.</summary>
internal static class S3Digest
{
    public static string Of(ReadOnlySpan<byte> content)
    {
#pragma warning disable CA5351 // a checksum against damage on the way, which the protocol fixes to be MD5
        return Convert.ToBase64String(MD5.HashData(content));
#pragma warning restore CA5351
    }
}
