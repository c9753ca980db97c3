namespace Ingest.Core.Contracts;

/// <summary>
/// The quarantined records that were taken in after all: one row each, identified by the id of its row in the quarantine. The quarantine itself is never
/// changed; what is still open is what this table does not name.
/// </summary>
public static class ReplayedDataset
{
    /// <summary>Name of the dataset and its table; not free for contracts.</summary>
    public const string Name = "quarantine-replayed";

    /// <summary>Ordinals of the columns.</summary>
    public const int Id = 0, Dataset = 1, Reason = 2, Contract = 3;

    public static DatasetPlan Plan { get; } = new()
    {
        Name = Name,
        Description = "Quarantined records that were taken in after their contract was mended.",
        Columns =
        [
            QuarantineDataset.Column(Id, "id", ColumnType.String, "The id of the row in the quarantine"),
            QuarantineDataset.Column(Dataset, "dataset", ColumnType.String, "Dataset that took it in; null when several did or nothing was in it"),
            QuarantineDataset.Column(Reason, "reason", ColumnType.String, "Why it had been refused"),
            QuarantineDataset.Column(Contract, "contract", ColumnType.String, "Hash of the contract that took it in"),
        ],
        TimeZone = TimeZoneInfo.Utc,
        EventDateColumn = -1,
        Partitioning = [new(SystemColumns.Department, PartitionKind.Department, -1)],
        Dedup = new DedupPlan(DedupMode.Content, [Id], [], IncludesRescued: false),
        DedupSignature = "v1;content;department,id:string",
        ContractHash = "quarantine-replayed-v1",
    };
}
