using System.Runtime.InteropServices;

namespace Ingest.Core.Stores;

/// <summary>
/// The calls that .NET does not offer. File.Move without overwrite looks first and then renames, so two writers can both win:
/// only link(2) creates a name atomically. Directories can only be flushed through their own descriptor.
/// </summary>
internal static partial class Posix
{
    public const int NoPermission = 1, NoEntry = 2, IoError = 5, AccessDenied = 13, Exists = 17, CrossDevice = 18, Invalid = 22,
        NoSpace = 28, ReadOnly = 30, TooManyLinks = 31;

    public static readonly int QuotaExceeded = OperatingSystem.IsLinux() ? 122 : 69;
    public static readonly int NotSupported = OperatingSystem.IsLinux() ? 95 : 45;

    private static readonly int s_openDirectory = OperatingSystem.IsLinux() ? 0x80000 : 0x1000000; // O_RDONLY | O_CLOEXEC

    /// <summary>Gives the file a second name; 0 or errno.</summary>
    public static int Link(string existing, string added) => LinkNative(existing, added) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Makes the names in a directory survive a power cut; 0 or errno.</summary>
    public static int SyncDirectory(string path)
    {
        var descriptor = OpenNative(path, s_openDirectory);
        if (descriptor < 0) return Marshal.GetLastPInvokeError();
        var error = SyncNative(descriptor) == 0 ? 0 : Marshal.GetLastPInvokeError();
        _ = CloseNative(descriptor);

        // Some network and FUSE file systems cannot flush a directory, and keep its names safe by themselves.
        return error == Invalid || error == NotSupported ? 0 : error;
    }

    /// <summary>How many names the file has, or null when it cannot be told. Two after a link that reported an error: it happened all the same.</summary>
    public static unsafe uint? LinkCount(string path)
    {
        if (!OperatingSystem.IsLinux()) return null;
        const int CurrentDirectory = -100, ForceSync = 0x2000;
        const uint LinkCountWanted = 4;

        // struct statx has the same layout on every Linux, unlike struct stat; stx_nlink lies at byte 16.
        Span<byte> facts = stackalloc byte[256];
        fixed (byte* pointer = facts)
        {
            if (StatxNative(CurrentDirectory, path, ForceSync, LinkCountWanted, pointer) != 0) return null;
        }

        return MemoryMarshal.Read<uint>(facts[16..]);
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkNative(string existing, string added);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenNative(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncNative(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseNative(int descriptor);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatxNative(int directory, string path, int flags, uint mask, byte* facts);
}
