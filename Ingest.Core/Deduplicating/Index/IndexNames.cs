using System.Globalization;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>Names of the index's objects in a table's store.</summary>
public static class IndexNames
{
    /// <summary>Folder of the index in a table. Begins with an underscore, so that engines do not take its files for data.</summary>
    public const string Folder = "_index/";

    private const string PartMark = ".part-";

    /// <summary>Object of a run that is stored whole.</summary>
    public static string Run(string name) => Folder + name;

    /// <summary>Object of the given part (from 0) of a run that is stored in parts.</summary>
    public static string Part(string name, int part) => string.Create(CultureInfo.InvariantCulture, $"{Folder}{name}{PartMark}{part:D5}");

    /// <summary>Name of the run that an object of <see cref="Folder"/> belongs to.</summary>
    public static string RunOf(string objectName)
    {
        var name = objectName[Folder.Length..];
        var mark = name.LastIndexOf(PartMark, StringComparison.Ordinal);
        return mark < 0 ? name : name[..mark];
    }

    /// <summary>Whether a run may have this name: it comes out of a log and becomes a file name, so it must not lead elsewhere.</summary>
    public static bool IsValid(string name) =>
        name.Length is > 0 and <= 200 && name[0] != '.' && !name.Contains(PartMark, StringComparison.Ordinal)
        && name.AsSpan().IndexOfAnyExcept(s_letters) < 0;

    private static readonly System.Buffers.SearchValues<char> s_letters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
}
