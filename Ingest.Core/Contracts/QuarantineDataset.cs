namespace Ingest.Core.Contracts;

/// <summary>
/// The quarantine is a table like any other, of a dataset of our own: one row a refused record (or transfer), with its bytes and the reason.
/// A row's identity is the place it came from, so that reading the same offsets again adds nothing.
/// </summary>
public static class QuarantineDataset
{
    /// <summary>Name of the dataset and its table; not free for contracts.</summary>
    public const string Name = "quarantine";

    /// <summary>Ordinals of the columns.</summary>
    public const int Id = 0, Dataset = 1, Reason = 2, Field = 3, Detail = 4, Raw = 5, Contract = 6, Header = 7;

    public static DatasetPlan Plan { get; } = new()
    {
        Name = Name,
        Description = "Refused records: where they came from, why they were refused, and their bytes.",
        Columns =
        [
            Column(Id, "id", ColumnType.String, "source/topic/partition/offset/position of the refused record; position -1 for a whole transfer"),
            Column(Dataset, "dataset", ColumnType.String, "Dataset the record belongs to; null when that is not known"),
            Column(Reason, "reason", ColumnType.String, "Reason code"),
            Column(Field, "field", ColumnType.String, "Column at fault; null when none is"),
            Column(Detail, "detail", ColumnType.String, "What was found"),
            Column(Raw, "raw", ColumnType.Binary, "The refused bytes, as they came"),
            Column(Contract, "contract", ColumnType.String, "Hash of the contract that refused it"),
            Column(Header, "header", ColumnType.Binary, "CSV: the header of the transfer that the record came in, without which its fields have no names"),
        ],
        TimeZone = TimeZoneInfo.Utc,
        EventDateColumn = -1,
        Partitioning = [new(SystemColumns.Department, PartitionKind.Department, -1), new(SystemColumns.EventDate, PartitionKind.EventDate, -1)],
        Dedup = new DedupPlan(DedupMode.Content, [Id], [], IncludesRescued: false),
        DedupSignature = "v1;content;department,id:string",
        ContractHash = "quarantine-v2",
    };

    internal static ColumnPlan Column(int ordinal, string name, ColumnType type, string description) => new()
    {
        Ordinal = ordinal,
        Name = name,
        Type = type,
        Description = description,
        Sources = [],
        TimeZone = TimeZoneInfo.Utc,
    };
}
