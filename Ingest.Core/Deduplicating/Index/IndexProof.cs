using Ingest.Core.Stores;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// The proof that index and table agree: number of fingerprints and their sum modulo 2^128, which no order and no grouping into runs changes.
/// A fingerprint lost, doubled or exchanged changes it.
/// </summary>
public static class IndexProof
{
    /// <summary>What is wrong when runs do not add up to what the log says of the whole index, in a sentence; null when they do.</summary>
    public static string? Mismatch(IEnumerable<RunDescriptor> runs, long totalKeys, UInt128 totalSum)
    {
        var keys = 0L;
        UInt128 sum = 0;
        foreach (var run in runs)
        {
            keys += run.Keys;
            sum += run.Sum;
        }

        return keys == totalKeys && sum == totalSum
            ? null
            : $"its runs hold {keys} keys with sum {sum:x32}, but the log says {totalKeys} with sum {totalSum:x32}.";
    }

    /// <summary>Number and sum of fingerprints recomputed from elsewhere, such as the rows of the data files.</summary>
    public static (long Keys, UInt128 Sum) Add((long Keys, UInt128 Sum) to, ReadOnlySpan<UInt128> keys)
    {
        foreach (var key in keys) to.Sum += key;
        return (to.Keys + keys.Length, to.Sum);
    }

    /// <summary>Recomputes a run from its bytes in the store, not from a local copy: checksums, order, filter, count and sum.</summary>
    /// <param name="workFolder">Where the run may lie while it is read; left empty.</param>
    /// <exception cref="IndexDamagedException">It is missing, or is not the run that the log describes.</exception>
    public static async ValueTask VerifyRunAsync(IObjectStore tableStore, RunDescriptor run, bool hasContents, string workFolder, CancellationToken cancellation)
    {
        var cache = new LocalRunCache(Path.Combine(workFolder, "verify"));
        cache.Remove(run.Name);
        (await cache.OpenAsync(tableStore, run, hasContents, cancellation)).Dispose();
        cache.Remove(run.Name);
    }
}
