using System.Collections.Immutable;
using Ingest.Core.Pool.Delta;

namespace Ingest.Core.Pool.Sealing;

/// <summary>A live file that is not sealed yet.</summary>
/// <param name="Folder">Folder of its partition, as sealed files lie in.</param>
/// <param name="SinceMs">When the first of its rows was committed, milliseconds since 1970 UTC.</param>
/// <param name="UntilMs">When the last one was.</param>
internal sealed record RecentFile(
    string Path, string Folder, ImmutableSortedDictionary<string, string?> PartitionValues, long Size, long Rows, UInt128 KeySum, long SinceMs, long UntilMs)
{
    public const string SinceTag = "ingest.since", UntilTag = "ingest.until";

    /// <summary>Made by an earlier merge.</summary>
    public bool IsMerged => TableLayout.IsMerged(Path);

    /// <summary>Null for a file that is sealed, or was written by somebody else.</summary>
    public static RecentFile? From(LogAction.Add add)
    {
        if (!TableLayout.IsRecent(add.Path) || add.KeySum() is not { } sum || add.Rows() is not (>= 0 and var rows)) return null;
        return new RecentFile(add.Path, TableLayout.FolderOf(add.Path), add.PartitionValues, add.Size, rows, sum, Time(add, SinceTag), Time(add, UntilTag));
    }

    private static long Time(LogAction.Add add, string tag) =>
        add.Tags.TryGetValue(tag, out var text) && long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var time) ? time : add.ModificationTime;
}
