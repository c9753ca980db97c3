using System.Collections.Immutable;
using Ingest.Core.Pool.Parquet;

namespace Ingest.Core.Pool;

/// <summary>
/// Where a table's data files lie (docs/pool.md). What was committed lately lies below <see cref="Recent"/>, where no glob over the partition folders
/// finds it, and is merged there; sealed files lie in the partition folders themselves, are never merged again, and hold each row once.
/// </summary>
public static class TableLayout
{
    /// <summary>Folder of unsealed files. Without an underscore: engines take folders with one for hidden, and clean or skip them.</summary>
    public const string Recent = "recent/";

    /// <summary>What the name of a file begins with that ingest commits.</summary>
    internal const string NewPrefix = "part-";

    /// <summary>What the name of a file begins with that several recent ones were merged into.</summary>
    internal const string MergedPrefix = "merged-";

    internal const string Ending = ".zstd.parquet";

    private const string SealedPrefix = "sealed-";

    /// <summary>A file as ingest commits it.</summary>
    public static string NewFile(string folder, Guid id) => $"{Recent}{folder}{NewPrefix}{id:N}{Ending}";

    /// <summary>Several unsealed files merged into one.</summary>
    public static string MergedFile(string folder, long plan, Guid id) => $"{Recent}{folder}{MergedPrefix}{plan:D10}-{id:N}{Ending}";

    /// <summary>A sealed file. Its name is fixed by the plan, so whoever carries that out writes the same file.</summary>
    public static string SealedFile(string folder, long plan, Guid id) => $"{folder}{SealedPrefix}{plan:D10}-{id:N}{Ending}";

    /// <summary>The partition's folder, with a '/' at its end; empty for a table without partitions.</summary>
    public static string Folder(ImmutableArray<string> columns, ImmutableArray<string?> values) => PartitionPath.Folder(columns, values);

    public static bool IsRecent(string path) => path.StartsWith(Recent, StringComparison.Ordinal);

    /// <summary>Made by merging recent files.</summary>
    public static bool IsMerged(string path) => IsRecent(path) && path.AsSpan(path.LastIndexOf('/') + 1).StartsWith(MergedPrefix);

    public static bool IsSealed(string path) => !IsRecent(path) && path.AsSpan(path.LastIndexOf('/') + 1).StartsWith(SealedPrefix);

    /// <summary>The partition folder that a path lies in, recent or not.</summary>
    public static string FolderOf(string path)
    {
        var start = IsRecent(path) ? Recent.Length : 0;
        return path[start..(path.LastIndexOf('/') + 1)];
    }
}
