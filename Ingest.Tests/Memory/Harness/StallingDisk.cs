using System.Diagnostics;
using System.Globalization;

namespace Ingest.Tests.Memory.Harness;

/// <summary>A small file system of its own that can be made to take nothing: frozen by the kernel, so that writers wait, as on a store that hangs.</summary>
internal sealed class StallingDisk : IDisposable
{
    private StallingDisk(string folder) => Folder = folder;

    public string Folder { get; }

    /// <summary>Null when this user may not mount.</summary>
    public static StallingDisk? TryMount(string beside)
    {
        var image = Path.Combine(beside, "disk.img");
        var folder = Directory.CreateDirectory(Path.Combine(beside, "disk")).FullName;
        using (var file = File.Create(image)) file.SetLength(4L << 30);
        return Run("mkfs.ext4", "-q", image) && Run("mount", "-o", "loop", image, folder) ? new StallingDisk(folder) : null;
    }

    /// <summary>Stalls the disk, once the first rows are there, for so long.</summary>
    public async Task StallAsync(TimeSpan stall, string pool, Func<bool> hasEnded, CancellationToken cancellation)
    {
        while (!hasEnded() && !(Directory.Exists(pool) && Directory.EnumerateFiles(pool, "*.parquet", SearchOption.AllDirectories).Any())) await Task.Delay(50, cancellation).ConfigureAwait(false);
        if (!Run("fsfreeze", "-f", Folder)) throw new InvalidOperationException("The disk cannot be frozen.");
        try
        {
            await Task.Delay(stall, cancellation).ConfigureAwait(false);
        }
        finally
        {
            Run("fsfreeze", "-u", Folder);
        }
    }

    public void Dispose() => Run("umount", Folder);

    private static bool Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })
            ?? throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{command} does not start."));
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
