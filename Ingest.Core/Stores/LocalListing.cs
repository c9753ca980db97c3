using System.IO.Enumeration;

namespace Ingest.Core.Stores;

/// <summary>
/// A walk over the files below a folder in ordinal order of their whole names, one folder in memory at a time. A folder sorts as its name
/// with the '/' behind it, which makes the order of the walk that of the names.
/// </summary>
internal static class LocalListing
{
    public static IEnumerable<StoredObject> Walk(string root, string prefix, string? after) =>
        WalkFolder(root, prefix[..(prefix.LastIndexOf('/') + 1)], prefix, after);

    private static IEnumerable<StoredObject> WalkFolder(string root, string folder, string prefix, string? after)
    {
        foreach (var key in Keys(root, folder))
        {
            var name = folder + key;
            if (name.EndsWith('/'))
            {
                if (!MayHold(name, prefix, after)) continue;
                foreach (var found in WalkFolder(root, name, prefix, after)) yield return found;
            }
            else if (name.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(name, after) > 0
                && Look(root, name) is { } found)
            {
                yield return found;
            }
        }
    }

    private static bool MayHold(string folder, string prefix, string? after)
    {
        if (folder == StagedFile.Folder + "/") return false;
        if (!folder.StartsWith(prefix, StringComparison.Ordinal) && !prefix.StartsWith(folder, StringComparison.Ordinal)) return false;
        return after is null || string.CompareOrdinal(folder, after) > 0 || after.StartsWith(folder, StringComparison.Ordinal);
    }

    private static List<string> Keys(string root, string folder)
    {
        var path = Path.Combine(root, folder);
        try
        {
            var keys = new List<string>(new FileSystemEnumerable<string>(
                path,
                (ref FileSystemEntry entry) => entry.IsDirectory ? entry.FileName.ToString() + "/" : entry.FileName.ToString(),
                new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false }));
            keys.Sort(StringComparer.Ordinal);
            return keys;
        }
        catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LocalFaults.From("list", path, e, StoreFault.Transient);
        }
    }

    /// <summary>Null when the file vanished since the folder was read.</summary>
    private static StoredObject? Look(string root, string name)
    {
        try
        {
            var file = new FileInfo(Path.Combine(root, name));
            return file.Exists ? new StoredObject(name, file.Length, new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero)) : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LocalFaults.From("look at", name, e, StoreFault.Transient);
        }
    }
}
