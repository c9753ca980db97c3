using System.Runtime.InteropServices;
using System.Text;

namespace Ingest.Worker.Commands;

/// <summary>Standard output for any number of lines: they go out together, and whoever reads them may leave.</summary>
internal static partial class StandardOutput
{
    private const int BufferBytes = 64 << 10;

    // From poll.h: POLLERR, and POLLHUP, as macOS says it.
    private const short PollGone = 0x008 | 0x010;

    /// <param name="isForPrograms">In UTF-8, whatever the terminal takes.</param>
    public static TextWriter Open(bool isForPrograms) => new StreamWriter(Console.OpenStandardOutput(), isForPrograms ? new UTF8Encoding(false) : Console.OutputEncoding, BufferBytes);

    /// <summary>Whether it is a pipe that nobody reads any longer, as behind <c>head</c>. .NET drops what is written into one, and says nothing.</summary>
    public static bool IsUnread()
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS()) return false;
        var polled = new Polled { File = 1 };
        return Poll(ref polled, 1, 0) > 0 && (polled.Found & PollGone) != 0;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Poll(ref Polled files, nuint count, int timeoutMilliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct Polled
    {
        public int File;
        public short Wanted;
        public short Found;
    }
}
