namespace Ingest.Core.Transfers;

/// <summary>Why a record (or a whole transfer) was refused. The kebab-case text of <see cref="ReasonCodes"/> is what users see and must not change.</summary>
public enum ReasonCode : byte
{
    None = 0,
    NotUtf8,
    NotJson,
    TooDeep,
    TooLarge,
    NotAnObject,
    RecordsNotFound,
    CsvMalformed,
    UnknownDataset,
    DepartmentMismatch,
    DuplicateField,
    MissingRequired,
    TypeMismatch,
    OutOfRange,
    IdentityConflict,
    TooManyPartitions,
}

/// <summary>The stable text of each reason code, and what a department should do about it.</summary>
public static class ReasonCodes
{
    private static readonly (ReasonCode Code, string Text, string Meaning)[] s_all =
    [
        (ReasonCode.NotUtf8, "not-utf8", "The transfer or a text in it is not valid UTF-8, or an escape in it is half of a surrogate pair. Send UTF-8 (with or without BOM), and such pairs whole."),
        (ReasonCode.NotJson, "not-json", "The transfer is not well-formed JSON, or ends too early."),
        (ReasonCode.TooDeep, "too-deep", "JSON nested deeper than 64 levels."),
        (ReasonCode.TooLarge, "too-large", "A transfer or record is larger than the configured limit, or a transfer of very many short records would take too much memory."),
        (ReasonCode.NotAnObject, "not-an-object", "A record must be a JSON object."),
        (ReasonCode.RecordsNotFound, "records-not-found", "The envelope has nothing at the place where the contract expects the records."),
        (ReasonCode.CsvMalformed, "csv-malformed", "A CSV row does not fit its header, a quote is not closed, or the header is missing or names no column of the contract."),
        (ReasonCode.UnknownDataset, "unknown-dataset", "The field that names the dataset is missing, or holds a value that no contract of this topic selects."),
        (ReasonCode.DepartmentMismatch, "department-mismatch", "The record claims another department than the one its topic is bound to."),
        (ReasonCode.DuplicateField, "duplicate-field", "A field stands more than once in one record, or a name on the way to the records more than once in its envelope, so its value is ambiguous."),
        (ReasonCode.MissingRequired, "missing-required", "A required column has no value (absent, null, or one of its null words)."),
        (ReasonCode.TypeMismatch, "type-mismatch", "A value cannot be read as the type of its column."),
        (ReasonCode.OutOfRange, "out-of-range", "A value is of the right kind but beyond what its column can hold without loss."),
        (ReasonCode.IdentityConflict, "identity-conflict", "A record with the same identity but other content is already in the table or earlier in the same batch."),
        (ReasonCode.TooManyPartitions, "too-many-partitions", "The records of one transfer lie in more than 16,384 partitions of the table, such as days; those beyond are refused. Send fewer at a time, or replay them."),
    ];

    /// <summary>All codes with their text and meaning, in documentation order.</summary>
    public static IReadOnlyList<(ReasonCode Code, string Text, string Meaning)> All => s_all;

    /// <summary>The kebab-case text, as in the quarantine table and in metrics.</summary>
    public static string Text(this ReasonCode code) => code == ReasonCode.None
        ? throw new ArgumentOutOfRangeException(nameof(code))
        : s_all[(int)code - 1].Text;
}
