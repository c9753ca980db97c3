namespace Ingest.Core.Flow.Runtime;

/// <summary>How an index is rebuilt. Immutable.</summary>
/// <param name="WorkFolder">Local folder for keys that are being sorted, 34 bytes a row at most; a rebuild that was killed goes on with what lies there.</param>
/// <param name="MemoryBytes">Memory for sorting, over all threads.</param>
/// <param name="Threads">Files read side by side.</param>
public sealed record RebuildOptions(string WorkFolder, long MemoryBytes, int Threads)
{
    /// <summary>Bytes that a key takes while it is sorted: gathered, dealt out, with its row, and once more where contents go along.</summary>
    private const int BytesPerKey = 80;

    /// <summary>What a worker takes when it finds its index missing.</summary>
    public static RebuildOptions In(string workFolder) => new(workFolder, 160L << 20, Math.Min(2, Environment.ProcessorCount));

    internal int KeysPerThread => (int)Math.Clamp(MemoryBytes / Math.Max(1, Threads) / BytesPerKey, 1_000, 16_000_000);
}

/// <summary>What a rebuild did.</summary>
public sealed record RebuildResult(long Version, long Keys, UInt128 Sum, int Runs, int Files, bool Resumed);
