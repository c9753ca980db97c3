using System.Globalization;

namespace Ingest.Core.Pool.Delta;

/// <summary>Names in a table's <c>_delta_log</c> folder, and of the index manifests that go with its checkpoints.</summary>
public static class LogNames
{
    public const string Folder = "_delta_log/";

    public const string LastCheckpoint = Folder + "_last_checkpoint";

    private const string IndexFolder = "_index/";

    public static string Entry(long version) => Folder + Digits(version) + ".json";

    public static string Checkpoint(long version) => Folder + Digits(version) + ".checkpoint.parquet";

    public static string IndexManifest(long version) => IndexFolder + Digits(version) + ".manifest";

    /// <summary>What every manifest's name starts with, for any version below 10^13: runs lie in the same folder, under names that hardly ever do.</summary>
    public const string IndexManifests = IndexFolder + "0000000";

    /// <summary>The version of a log entry's name; false for any other object of the folder.</summary>
    public static bool TryParseEntry(string name, out long version) => TryParse(name, Folder, ".json", out version);

    /// <summary>The version of a classic checkpoint's name; false for any other object of the folder.</summary>
    public static bool TryParseCheckpoint(string name, out long version) => TryParse(name, Folder, ".checkpoint.parquet", out version);

    /// <summary>The version of an index manifest's name; false for any other object of the index's folder.</summary>
    public static bool TryParseManifest(string name, out long version) => TryParse(name, IndexFolder, ".manifest", out version);

    private static bool TryParse(string name, string folder, string ending, out long version)
    {
        version = -1;
        return name.Length == folder.Length + 20 + ending.Length && name.StartsWith(folder, StringComparison.Ordinal) && name.EndsWith(ending, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(folder.Length, 20), NumberStyles.None, CultureInfo.InvariantCulture, out version);
    }

    private static string Digits(long version) => version.ToString("D20", CultureInfo.InvariantCulture);
}
