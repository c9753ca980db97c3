using System.Globalization;
using System.Runtime;
using Ingest.Core.Deduplicating.Index;
using Microsoft.Extensions.Hosting;

namespace Ingest.Worker.Hosting;

/// <summary>
/// Keeps the process within its budget and <see cref="HeapLimit.MarginBytes"/>. The budget says what is in use; this sees to what is not and still resident: arrays that the
/// collector has not come to yet, and pages of index files, which the system would leave mapped as long as nobody else needs the room.
/// </summary>
internal sealed class MemoryKeeper(long budgetBytes, TimeProvider time) : BackgroundService
{
    // At full speed a worker takes in some 200 MB a second, and a collection takes some 50 ms.
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    // What may come on top between two looks.
    private const long HeadroomBytes = 96L << 20;

    // Of the process's own code, and then of index files.
    private const long CodeBytes = 96L << 20, MappedBytesMax = 32L << 20;

    // A collection may take so much of the time, at most one part in so many: what it cannot free, the next one cannot either.
    private const int Pause = 4;

    private readonly long _highBytes = budgetBytes + HeapLimit.MarginBytes - HeadroomBytes;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!OperatingSystem.IsLinux()) return;
        using var timer = new PeriodicTimer(s_look, time);
        var (last, took) = (time.GetTimestamp(), TimeSpan.Zero);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                var (resident, ofFiles) = Resident();
                if (ofFiles > CodeBytes + MappedBytesMax) MappedFile.Unload();
                if (resident <= _highBytes || time.GetElapsedTime(last) < took * Pause) continue;
                var started = time.GetTimestamp();
                MappedFile.Unload();
                GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                NativeHeap.Trim();
                (last, took) = (time.GetTimestamp(), time.GetElapsedTime(started));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host ends.
        }
    }

    /// <summary>Resident bytes of the process, and those of them that are files' (proc(5), statm: size, resident, shared, in pages).</summary>
    private static (long Resident, long OfFiles) Resident()
    {
        var fields = File.ReadAllText("/proc/self/statm").Split(' ');
        return (Pages(fields[1]), Pages(fields[2]));
    }

    private static long Pages(string count) => long.Parse(count, CultureInfo.InvariantCulture) * Environment.SystemPageSize;
}
