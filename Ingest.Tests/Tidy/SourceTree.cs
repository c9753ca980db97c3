using System.Runtime.CompilerServices;

namespace Ingest.Tests.Tidy;

/// <summary>The repository's own files, found from where this file was compiled.</summary>
internal static class SourceTree
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", ".."));

    /// <summary>C# files below a folder of the repository, as (path relative to the root, text).</summary>
    public static IEnumerable<(string Path, string Text)> CSharp(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/'))
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(f => (f, File.ReadAllText(Path.Combine(Root, f))));

    private static string Here([CallerFilePath] string path = "") => path;
}
