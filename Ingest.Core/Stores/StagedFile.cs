namespace Ingest.Core.Stores;

/// <summary>
/// A file being written under a name that no reader looks at. It lies in the pool's own <c>_staging</c> folder: the same file
/// system as its final name, yet in no folder that a table's readers list, and in one place to sweep.
/// </summary>
internal sealed class StagedFile : IDisposable
{
    public const string Folder = "_staging";

    /// <summary>
    /// What is written at a time. Content may be a mapped file, whose pages become the process's as they are written: memory that is asked for piece by piece can see to them.
    /// </summary>
    private const int PieceBytes = 8 << 20;

    private StagedFile(string path) => Path = path;

    public string Path { get; }

    /// <summary>Writes and flushes the content.</summary>
    /// <exception cref="StoreException">Nothing is left behind.</exception>
    public static StagedFile Write(string root, Guid id, ReadOnlyMemory<byte> content)
    {
        var staged = new StagedFile(System.IO.Path.Combine(root, Folder, $"{id:N}.tmp"));
        try
        {
            using var file = File.OpenHandle(staged.Path, FileMode.CreateNew, FileAccess.Write, FileShare.None, preallocationSize: content.Length);
            for (var at = 0; at < content.Length; at += PieceBytes) RandomAccess.Write(file, content.Slice(at, Math.Min(PieceBytes, content.Length - at)).Span, at);
            RandomAccess.FlushToDisk(file);
            return staged;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            staged.Dispose();
            if (e is DirectoryNotFoundException) Directory.CreateDirectory(System.IO.Path.Combine(root, Folder));
            throw LocalFaults.From("write", staged.Path, e, StoreFault.Transient);
        }
    }

    /// <summary>Removes what processes that died left behind. A living one needs minutes at most, so a day is safe.</summary>
    public static void Sweep(string root, DateTime olderThan)
    {
        foreach (var file in new DirectoryInfo(System.IO.Path.Combine(root, Folder)).EnumerateFiles("*.tmp"))
        {
            if (file.LastWriteTimeUtc < olderThan) file.Delete();
        }
    }

    /// <summary>Removes the staging name; the file lives on if it was given its final name.</summary>
    public void Dispose()
    {
        try
        {
            File.Delete(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A leftover costs room until the next sweep; failing a create that succeeded would cost a commit.
        }
    }
}
