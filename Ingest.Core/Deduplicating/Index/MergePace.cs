namespace Ingest.Core.Deduplicating.Index;

/// <summary>Holds merges back to a number of bytes a second, so that ingest has disk and cores first. One owner at a time.</summary>
/// <param name="bytesPerSecond">Bytes of keys written; as many are read, and both are hashed once more to be verified.</param>
internal sealed class MergePace(long bytesPerSecond, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();
    private long _bytes;

    /// <summary>Bytes let through.</summary>
    public long Bytes => _bytes;

    /// <summary>Returns when <paramref name="bytes"/> more may be written.</summary>
    public async ValueTask HoldAsync(long bytes, CancellationToken cancellation)
    {
        _bytes += bytes;
        var ahead = TimeSpan.FromSeconds(_bytes / (double)bytesPerSecond) - time.GetElapsedTime(_started);
        if (ahead > TimeSpan.Zero) await Task.Delay(ahead, time, cancellation);
    }
}
