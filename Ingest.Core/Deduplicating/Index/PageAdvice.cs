using System.Runtime.InteropServices;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>What the operating system is told about how mapped pages will be read. Only advice: where it cannot be given, reading is as right and slower.</summary>
internal static unsafe partial class PageAdvice
{
    private const int Random = 1, Sequential = 2, WillNeed = 3, DontNeed = 4;

    /// <summary>Pages are read here and there: fetching their neighbours along with each would read thirty times as much.</summary>
    public static void ReadAtRandom(byte* start, long bytes) => Give(start, bytes, Random);

    /// <summary>Pages are read once from front to back.</summary>
    public static void ReadInOrder(byte* start, long bytes) => Give(start, bytes, Sequential);

    /// <summary>Begins to read pages that are asked for shortly, so that the disk works at many at once.</summary>
    public static void Fetch(byte* start, long bytes) => Give(start, bytes, WillNeed);

    /// <summary>Pages need not stay mapped: they are in the system's cache, which gives them up when it must, and the next touch maps them again.</summary>
    public static void Unload(byte* start, long bytes) => Give(start, bytes, DontNeed);

    private static void Give(byte* start, long bytes, int advice)
    {
        if (OperatingSystem.IsWindows()) return;
        var page = (nint)Environment.SystemPageSize;
        var first = (nint)start & ~(page - 1);
        _ = Advise(first, (nint)start - first + (nint)bytes, advice);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(nint start, nint bytes, int advice);
}
