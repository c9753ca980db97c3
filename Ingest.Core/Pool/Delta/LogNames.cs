using System.Globalization;

namespace Ingest.Core.Pool.Delta;

/// <summary>Names in a table's <c>_delta_log</c> folder, and of the index manifests that go with its checkpoints.</summary>
public static class LogNames
{
    public const string Folder = "_delta_log/";

    public const string LastCheckpoint = Folder + "_last_checkpoint";

    public static string Entry(long version) => Folder + Digits(version) + ".json";

    public static string Checkpoint(long version) => Folder + Digits(version) + ".checkpoint.parquet";

    public static string IndexManifest(long version) => "_index/" + Digits(version) + ".manifest";

    /// <summary>The version of a log entry's name; false for any other object of the folder.</summary>
    public static bool TryParseEntry(string name, out long version)
    {
        version = -1;
        return name.Length == Folder.Length + 25 && name.EndsWith(".json", StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(Folder.Length, 20), NumberStyles.None, CultureInfo.InvariantCulture, out version);
    }

    private static string Digits(long version) => version.ToString("D20", CultureInfo.InvariantCulture);
}
