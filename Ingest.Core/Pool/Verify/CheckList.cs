namespace Ingest.Core.Pool.Verify;

/// <summary>The checks of <c>pool verify</c>, in the order in which they run.</summary>
public static class CheckList
{
    public const string Log = "log", Offsets = "offsets", Files = "files", Footers = "footers", Statistics = "statistics", Paths = "paths", Sealing = "sealing", Checkpoint = "checkpoint", Index = "index", Fingerprints = "fingerprints", Orphans = "orphans";

    /// <summary>Each check and what it makes sure of.</summary>
    public static IReadOnlyList<(string Name, string Meaning)> All { get; } =
    [
        (Log, "Entries follow each other without a hole; each has at most one protocol, one metadata and one txn an app id; transaction ids are unique; times do not go back."),
        (Offsets, "Ranges of every topic-partition tile without gap or overlap, end at the stored offset, and records = written + duplicates + quarantined."),
        (Files, "Every live file exists with the length that the log says, and no path was ever used twice."),
        (Footers, "Every live file opens, has the rows that the log says, and columns of the table's types only."),
        (Statistics, "Null counts are exact and bounds hold for every value of every live file."),
        (Paths, "Partition values name the table's partition columns and agree with the folders."),
        (Sealing, "Entries that only rewrite files move no offset, take and give the same number of rows with the same sums in each partition, and prove it; no sealed file shows a row to a glob that the log does not have there."),
        (Checkpoint, "The checkpoint that _last_checkpoint names holds what the log's replay gives."),
        (Index, "The valid runs hold as many fingerprints as the table has rows, with the same sum."),
        (Fingerprints, "With --index: every fingerprint computed anew from the rows is in the runs, and no other."),
        (Orphans, "Files that no entry names are listed as notes; they are never read."),
    ];
}
