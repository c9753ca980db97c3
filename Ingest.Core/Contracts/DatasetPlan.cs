using System.Collections.Immutable;

namespace Ingest.Core.Contracts;

/// <summary>A contract, checked and compiled: all that the engine needs to know of a dataset. Immutable; shared by all threads.</summary>
public sealed record DatasetPlan
{
    /// <summary>Name of the dataset, and of its table's folder in the pool: <c>[a-z0-9][a-z0-9_-]*</c>.</summary>
    public required string Name { get; init; }

    public string? Description { get; init; }

    /// <summary>The contract's columns in table order. The system columns (<see cref="SystemColumns"/>) follow them in the table.</summary>
    public required ImmutableArray<ColumnPlan> Columns { get; init; }

    /// <summary>Zone in which local times are read and event dates are counted.</summary>
    public required TimeZoneInfo TimeZone { get; init; }

    /// <summary>Ordinal of the date or timestamp column that <c>event_date</c> is derived from; -1 when rows have none.</summary>
    public required int EventDateColumn { get; init; }

    /// <summary>Partition columns in folder order: <c>department</c>, <c>event_date</c>, or names of contract columns.</summary>
    public required ImmutableArray<PartitionColumn> Partitioning { get; init; }

    public required DedupPlan Dedup { get; init; }

    /// <summary>What a fingerprint is made of, as text; pinned in the table, so that a contract that would change it silently is refused.</summary>
    public required string DedupSignature { get; init; }

    /// <summary>Hash of everything that decides what a record becomes; in every commit, so that it is known which contract made a row.</summary>
    public required string ContractHash { get; init; }

    /// <summary>Whether files have a column of the department. It is part of each row's fingerprint, so where the folders do not tell it the files do.</summary>
    public bool StoresDepartment => Partitioning.All(p => p.Kind != PartitionKind.Department);

    /// <summary>The plan by which rows are read back with all that their fingerprints are made of: its columns, and behind them the department where files store it.</summary>
    public DatasetPlan WithStoredDepartment() => !StoresDepartment ? this : this with
    {
        Columns = [.. Columns, new ColumnPlan { Ordinal = Columns.Length, Name = SystemColumns.Department, Type = ColumnType.String, Sources = [], TimeZone = TimeZoneInfo.Utc }],
    };
}

/// <summary>One partition column of a table.</summary>
/// <param name="Name">Column name in the table.</param>
/// <param name="Kind">Where its value comes from.</param>
/// <param name="Column">Ordinal of the contract column for <see cref="PartitionKind.Column"/>; else -1.</param>
public sealed record PartitionColumn(string Name, PartitionKind Kind, int Column);

public enum PartitionKind
{
    /// <summary>The department that the topic is bound to; always a safe ASCII id.</summary>
    Department,

    /// <summary>The date of the event-date column in the contract's zone; null when that column is null.</summary>
    EventDate,

    /// <summary>A string, int, long, boolean or date column of the contract.</summary>
    Column,
}

/// <summary>How records of a dataset are told apart. Pinned in the table's metadata: changing it changes what a duplicate is.</summary>
/// <param name="Mode">Content or identity.</param>
/// <param name="KeyColumns">Ordinals of the columns that enter the fingerprint, in order of their names: in content mode all but the excepted, in identity mode the identifying ones.</param>
/// <param name="ContentColumns">Identity mode: ordinals of the columns compared for equal content (all but identity and excepted); empty in content mode.</param>
/// <param name="IncludesRescued">Whether <c>_rescued</c> counts as content.</param>
public sealed record DedupPlan(DedupMode Mode, ImmutableArray<int> KeyColumns, ImmutableArray<int> ContentColumns, bool IncludesRescued)
{
    /// <summary>Ordinal of the event-date column when it is one of <see cref="KeyColumns"/>: then keys begin with its date. Else -1.</summary>
    public int DateColumn { get; init; } = -1;
}

public enum DedupMode
{
    /// <summary>A record equal in all fingerprinted columns to one in the table is a duplicate.</summary>
    Content,

    /// <summary>Same identity and content: duplicate. Same identity, other content: conflict, to quarantine.</summary>
    Identity,
}

/// <summary>The columns every table has besides its contract's, in this order, after them.</summary>
public static class SystemColumns
{
    /// <summary>JSON object of fields that no column takes, keys in ordinal UTF-8 order; null when there are none. String.</summary>
    public const string Rescued = "_rescued";

    /// <summary>Kafka topic. String.</summary>
    public const string Topic = "_topic";

    /// <summary>Kafka partition. Int.</summary>
    public const string Partition = "_partition";

    /// <summary>Kafka offset of the transfer. Long.</summary>
    public const string Offset = "_offset";

    /// <summary>Zero-based position of the record in the transfer. Int.</summary>
    public const string Position = "_position";

    /// <summary>When the transfer was published, by Kafka's timestamp. Timestamp; null when the broker gave none.</summary>
    public const string PublishedAt = "_published_at";

    /// <summary>The department the topic is bound to: a partition column, or a stored one before the others where it does not partition the table. String.</summary>
    public const string Department = "department";

    /// <summary>Partition column: date of the event in the contract's zone. Date.</summary>
    public const string EventDate = "event_date";

    /// <summary>Stored system columns with their types, in table order.</summary>
    public static IReadOnlyList<(string Name, ColumnType Type)> Stored { get; } =
    [
        (Rescued, ColumnType.String), (Topic, ColumnType.String), (Partition, ColumnType.Int),
        (Offset, ColumnType.Long), (Position, ColumnType.Int), (PublishedAt, ColumnType.Timestamp),
    ];
}
