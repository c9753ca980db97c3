using System.Globalization;

namespace Ingest.Tests.Chaos.Harness;

/// <summary>
/// A file system of the pool's own, so that it can be filled up, made read-only and brought to a halt: ext4 in a file where that may be mounted, else one in memory, else only a folder.
/// </summary>
internal sealed class ChaosDisk
{
    private const long InMemoryMax = 512L << 20;
    private static readonly TimeSpan s_max = TimeSpan.FromMinutes(1);
    private readonly Kind _kind;
    private readonly string _image;

    private ChaosDisk(string folder, string image, Kind kind)
    {
        Folder = folder;
        _image = image;
        _kind = kind;
    }

    private enum Kind
    {
        Plain,
        Memory,
        Ext4,
    }

    public string Folder { get; }

    /// <summary>Whether it can be filled and made read-only.</summary>
    public bool IsMounted => _kind != Kind.Plain;

    /// <summary>Whether it can be brought to a halt, so that writes neither fail nor end.</summary>
    public bool CanStall => _kind == Kind.Ext4;

    public override string ToString() => _kind switch
    {
        Kind.Ext4 => "ext4 of its own",
        Kind.Memory => "a small disk in memory",
        _ => "a folder: nothing may be mounted here, so the disk is left alone",
    };

    public static async Task<ChaosDisk> MountAsync(string folder, long bytes, CancellationToken cancellation)
    {
        var mount = Directory.CreateDirectory(Path.Combine(folder, "disk")).FullName;
        var image = Path.Combine(folder, "disk.ext4");
        await using (var file = File.Create(image)) file.SetLength(bytes);
        if (await DoneAsync("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", image).ConfigureAwait(false) && await DoneAsync("mount", "-o", "loop", image, mount).ConfigureAwait(false))
            return new ChaosDisk(mount, image, Kind.Ext4);
        File.Delete(image);
        var size = string.Create(CultureInfo.InvariantCulture, $"size={Math.Min(bytes, InMemoryMax)}");
        return new ChaosDisk(mount, image, await DoneAsync("mount", "-t", "tmpfs", "-o", size, "tmpfs", mount).ConfigureAwait(false) ? Kind.Memory : Kind.Plain);

        async Task<bool> DoneAsync(string command, params string[] arguments)
        {
            var (code, _) = await ChaosShell.TryAsync(["/usr/bin/env", command, .. arguments], s_max, cancellation).ConfigureAwait(false);
            return code == 0;
        }
    }

    public async Task FillAsync(TimeSpan time, CancellationToken cancellation)
    {
        var filler = Path.Combine(Folder, "filler");
        try
        {
            // As much as there is: a reservation takes no time, and what workers write meanwhile competes for the rest.
            await ChaosShell.UntilAsync("the disk to be full", s_max, async () =>
            {
                var free = new DriveInfo(Folder).AvailableFreeSpace;
                if (free < 64 << 10) return true;
                await ChaosShell.TryAsync(["fallocate", "-l", (new FileInfo(filler) is { Exists: true } f ? f.Length + free : free).ToString(CultureInfo.InvariantCulture), filler], s_max, cancellation).ConfigureAwait(false);
                return new DriveInfo(Folder).AvailableFreeSpace < 1 << 20;
            }, cancellation).ConfigureAwait(false);
            await Task.Delay(time, cancellation).ConfigureAwait(false);
        }
        finally
        {
            File.Delete(filler);
        }
    }

    public async Task MakeReadOnlyAsync(TimeSpan time, CancellationToken cancellation)
    {
        // Refused while a file is open for writing: then it is tried again.
        await ChaosShell.UntilAsync("a moment at which no file is being written, to make the disk read-only", s_max,
            async () => (await ChaosShell.TryAsync(["mount", "-o", "remount,ro", Folder], s_max, cancellation).ConfigureAwait(false)).Code == 0, cancellation, TimeSpan.FromMilliseconds(5)).ConfigureAwait(false);
        try
        {
            await Task.Delay(time, cancellation).ConfigureAwait(false);
        }
        finally
        {
            await ChaosShell.RunAsync(["mount", "-o", "remount,rw", Folder], s_max, CancellationToken.None).ConfigureAwait(false);
        }
    }

    public async Task StallAsync(TimeSpan time, CancellationToken cancellation)
    {
        await ChaosShell.RunAsync(["fsfreeze", "-f", Folder], s_max, CancellationToken.None).ConfigureAwait(false);
        try
        {
            await Task.Delay(time, cancellation).ConfigureAwait(false);
        }
        finally
        {
            await ChaosShell.RunAsync(["fsfreeze", "-u", Folder], s_max, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Takes it away. What was on ext4 is kept in its file, if wanted.</summary>
    public async Task<string> LeaveAsync(bool keep)
    {
        if (_kind == Kind.Plain || (keep && _kind == Kind.Memory)) return $"The pool is in {Folder}.";
        await ChaosShell.TryAsync(["umount", "-l", Folder], s_max, CancellationToken.None).ConfigureAwait(false);
        if (!keep) File.Delete(_image);
        return $"The pool is in {_image}; mount -o loop it.";
    }
}
