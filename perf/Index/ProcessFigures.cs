using System.Globalization;
using System.Runtime.InteropServices;

namespace Ingest.Perf.Index;

/// <summary>What Linux tells of this process, and how a file is put out of its page cache.</summary>
internal static partial class ProcessFigures
{
    /// <summary>Memory without the pages of files, in bytes: what cannot be taken back.</summary>
    public static long AnonymousBytes()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return Field("/proc/self/status", "RssAnon:") * 1024;
    }

    /// <summary>Bytes that this process had read from disks so far, by itself or by its page faults.</summary>
    public static long DiskReadBytes() => Field("/proc/self/io", "read_bytes:");

    /// <summary>Page faults so far that had to wait for a disk.</summary>
    public static long MajorFaults() => long.Parse(File.ReadAllText("/proc/self/stat").Split(") ")[1].Split(' ')[9], CultureInfo.InvariantCulture);

    /// <summary>Puts files out of the page cache, as far as nobody has them mapped.</summary>
    public static void Forget(string folder)
    {
        const int dontNeed = 4;
        foreach (var path in Directory.EnumerateFiles(folder))
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            RandomAccess.FlushToDisk(file);
            _ = Advise((int)file.DangerousGetHandle(), 0, 0, dontNeed);
        }
    }

    private static long Field(string path, string name) =>
        long.Parse(File.ReadLines(path).First(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(int file, long offset, long bytes, int advice);
}
