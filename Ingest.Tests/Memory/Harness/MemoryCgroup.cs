using System.Globalization;

namespace Ingest.Tests.Memory.Harness;

/// <summary>A control group with a memory limit, under which the kernel kills what goes beyond. Versions 1 and 2 of the kernel's interface.</summary>
internal sealed class MemoryCgroup : IDisposable
{
    private const string Version1 = "/sys/fs/cgroup/memory", Version2 = "/sys/fs/cgroup";

    private readonly string _folder;

    private MemoryCgroup(string folder) => _folder = folder;

    /// <summary>To write a process's id into.</summary>
    public string Processes => Path.Combine(_folder, "cgroup.procs");

    /// <summary>Null when this user may not make one.</summary>
    public static MemoryCgroup? TryCreate(string name, long limitBytes)
    {
        var isFirst = Directory.Exists(Version1);
        var folder = Path.Combine(isFirst ? Version1 : Version2, name);
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, isFirst ? "memory.limit_in_bytes" : "memory.max"), limitBytes.ToString(CultureInfo.InvariantCulture));
            return new MemoryCgroup(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(_folder);
        }
        catch (IOException)
        {
            // Its last process is not quite gone; an empty group costs nothing.
        }
    }
}
