using System.Buffers.Text;
using System.Runtime;
using Ingest.Core.Deduplicating.Index;
using Microsoft.Extensions.Hosting;
using Microsoft.Win32.SafeHandles;

namespace Ingest.Worker.Hosting;

/// <summary>
/// Keeps the process within its budget and <see cref="HeapLimit.MarginBytes"/>. The budget says what is in use; this sees to what is not and still resident: arrays that the
/// collector has not come to yet, and pages of index files, which the system would leave mapped as long as nobody else needs the room.
/// </summary>
internal sealed class MemoryKeeper(long budgetBytes, TimeProvider time) : BackgroundService
{
    private const string Statm = "/proc/self/statm";

    // At full speed a worker takes in some 200 MB a second, and a collection takes some 50 ms.
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    // What may come on top between two looks.
    private const long HeadroomBytes = 96L << 20;

    // Of the process's own code, and then of index files.
    private const long CodeBytes = 96L << 20, MappedBytesMax = 32L << 20;

    // A collection may take so much of the time, at most one part in so many: what it cannot free, the next one cannot either.
    private const int Pause = 4;

    private readonly long _highBytes = budgetBytes + HeapLimit.MarginBytes - HeadroomBytes;

    // Of lookups, which go on while services are stopped one after the other: it is open until all have.
    private readonly SafeFileHandle? _ofLookups = OperatingSystem.IsLinux() && File.Exists(Statm) ? File.OpenHandle(Statm) : null;

    public override void Dispose()
    {
        MappedFile.LookedUp -= LookedUp;
        base.Dispose();
        _ofLookups?.Dispose();
    }

    // A thread of its own: those of the pool are all at work when it matters.
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_ofLookups is null) return Task.CompletedTask;
        MappedFile.LookedUp += LookedUp;
        return Task.Factory.StartNew(() => Run(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private void LookedUp()
    {
        try
        {
            Unload(_ofLookups!);
        }
        catch (ObjectDisposedException)
        {
            // A write that was given up when the worker ended is still going on, and the process is about to be gone.
        }
    }

    private void Run(CancellationToken stop)
    {
        using var statm = File.OpenHandle(Statm);
        var (last, took) = (time.GetTimestamp(), TimeSpan.Zero);
        while (!stop.WaitHandle.WaitOne(s_look))
        {
            var resident = Unload(statm);
            if (resident <= _highBytes || time.GetElapsedTime(last) < took * Pause) continue;
            var started = time.GetTimestamp();
            GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            NativeHeap.Trim();
            (last, took) = (time.GetTimestamp(), time.GetElapsedTime(started));
        }
    }

    /// <summary>Lets go of pages of index files when they, or the process, are too large; how large the process was.</summary>
    private long Unload(SafeFileHandle statm)
    {
        var (resident, ofFiles) = Resident(statm);
        if (ofFiles > CodeBytes + MappedBytesMax || resident > _highBytes) MappedFile.Unload();
        return resident;
    }

    /// <summary>Resident bytes of the process, and those of them that are files' (proc(5), statm: size, resident, shared, in pages). Allocates nothing: it is asked twenty times a second, and after each lookup.</summary>
    private static (long Resident, long OfFiles) Resident(SafeFileHandle statm)
    {
        Span<byte> line = stackalloc byte[256];
        line = line[..RandomAccess.Read(statm, line, 0)];
        Span<long> pages = stackalloc long[3];
        for (var i = 0; i < pages.Length; i++)
        {
            if (!Utf8Parser.TryParse(line, out pages[i], out var length)) return (0, 0);
            line = line[Math.Min(line.Length, length + 1)..];
        }

        return (pages[1] * Environment.SystemPageSize, pages[2] * Environment.SystemPageSize);
    }
}
