namespace Ingest.Worker.Hosting;

/// <summary>
/// Bounds the managed heap by the memory budget, so that the collector works harder instead of letting the process grow. In a container the runtime does this by
/// the container's limit; here it is the same wherever the worker runs.
/// </summary>
internal static class HeapLimit
{
    /// <summary>What a worker may take beyond its budget: the promise of the memory contract.</summary>
    public const long MarginBytes = 256L << 20;

    // The process itself: code, threads, the Kafka client without its messages, mapped index pages.
    private const long NativeBytes = 96L << 20;

    /// <param name="budgetBytes">Ingest:Memory:Budget.</param>
    /// <param name="prefetchBytes">Its share that the Kafka client has queued; an answer that it is reading weighs as much again.</param>
    public static void Apply(long budgetBytes, long prefetchBytes)
    {
        var limit = budgetBytes + MarginBytes - NativeBytes - (2 * prefetchBytes);
        if (limit >= GC.GetGCMemoryInfo().TotalAvailableMemoryBytes) return;
        AppContext.SetData("GCHeapHardLimit", (ulong)limit);
        GC.RefreshMemoryLimit();
    }
}
