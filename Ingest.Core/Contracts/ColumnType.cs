namespace Ingest.Core.Contracts;

/// <summary>The types a column can have; each is one Delta and one Parquet type.</summary>
public enum ColumnType
{
    /// <summary>UTF-8 text.</summary>
    String,

    /// <summary>32-bit signed.</summary>
    Int,

    /// <summary>64-bit signed.</summary>
    Long,

    /// <summary>64-bit IEEE 754; never NaN or infinite.</summary>
    Double,

    /// <summary>Exact decimal(precision, scale); precision 1 to 38.</summary>
    Decimal,

    Boolean,

    /// <summary>Days since 1970-01-01.</summary>
    Date,

    /// <summary>An instant: microseconds since 1970-01-01 UTC.</summary>
    Timestamp,

    /// <summary>Bytes; only in tables of our own (quarantine), not in contracts.</summary>
    Binary,
}
