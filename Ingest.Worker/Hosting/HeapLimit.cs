namespace Ingest.Worker.Hosting;

/// <summary>
/// Bounds the managed heap by the memory budget, so that the collector works harder instead of letting the process grow. In a container the runtime does this by
/// the container's limit; here it is the same wherever the worker runs.
/// </summary>
internal static class HeapLimit
{
    /// <summary>What a worker may take beyond its budget: the promise of the memory contract.</summary>
    public const long MarginBytes = 256L << 20;

    // Above what the contract leaves to the managed heap by so much: a heap that meets its limit ends the process, and one that the collector keeps in bounds a little late does not.
    private const long SlackBytes = 128L << 20;

    // The process itself: code, threads, the Kafka client without its messages, mapped index pages.
    private const long NativeBytes = 96L << 20;

    /// <param name="budgetBytes">Ingest:Memory:Budget.</param>
    /// <param name="prefetchBytes">Its share that the Kafka client holds outside of the managed heap; by a fetch more than that.</param>
    public static void Apply(long budgetBytes, long prefetchBytes)
    {
        var limit = budgetBytes + MarginBytes + SlackBytes - NativeBytes - (prefetchBytes / 4 * 5);
        if (limit >= GC.GetGCMemoryInfo().TotalAvailableMemoryBytes) return;
        AppContext.SetData("GCHeapHardLimit", (ulong)limit);
        GC.RefreshMemoryLimit();
    }
}
