using System.Collections.Immutable;

namespace Ingest.Core.Contracts;

/// <summary>Every key that a contract may have, by where it stands; the reference for authors lists the same, and a test compares.</summary>
internal static class ContractKeys
{
    public static readonly ImmutableArray<string> Dataset =
        ["dataset", "description", "topics", "format", "records", "csv", "select", "time_zone", "event_date", "partition", "dedup", "columns"];

    public static readonly ImmutableArray<string> Topic = ["topic", "department", "claim"];

    /// <summary>A field and the value it must have: of <c>select</c> and <c>claim</c>.</summary>
    public static readonly ImmutableArray<string> Match = ["field", "equals"];

    public static readonly ImmutableArray<string> Csv = ["delimiter"];

    public static readonly ImmutableArray<string> Dedup = ["mode", "identity", "except", "rescued"];

    public static readonly ImmutableArray<string> Column =
    [
        "name", "description", "type", "source", "constant", "normalize", "null_words", "default", "required", "on_mismatch", "protected",
        "formats", "time_zone", "true_words", "false_words",
    ];

    /// <summary>All keys with the place before them, such as <c>dedup.mode</c> and <c>columns[].name</c>.</summary>
    public static IEnumerable<string> All =>
    [
        .. Dataset, .. Under("topics[].", Topic), .. Under("topics[].claim.", Match), .. Under("csv.", Csv), .. Under("select.", Match), .. Under("dedup.", Dedup), .. Under("columns[].", Column),
    ];

    private static IEnumerable<string> Under(string place, ImmutableArray<string> keys) => keys.Select(k => place + k);
}
