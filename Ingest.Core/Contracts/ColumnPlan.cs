using System.Collections.Immutable;

namespace Ingest.Core.Contracts;

/// <summary>One column of a dataset: where its value comes from and what is done to it. Immutable.</summary>
public sealed record ColumnPlan
{
    /// <summary>Position among the contract's columns, from 0.</summary>
    public required int Ordinal { get; init; }

    /// <summary>Column name in the table: <c>[a-z][a-z0-9_]*</c>.</summary>
    public required string Name { get; init; }

    public string? Description { get; init; }

    public required ColumnType Type { get; init; }

    /// <summary>Decimal only: total digits, 1 to 38.</summary>
    public int Precision { get; init; }

    /// <summary>Decimal only: digits after the point, 0 to precision.</summary>
    public int Scale { get; init; }

    /// <summary>Places in the record to look, in order; the first that is present wins. Each is a path of property names (one segment for CSV). Empty for a constant.</summary>
    public required ImmutableArray<FieldPath> Sources { get; init; }

    /// <summary>Text rules, applied in this order before the value is read as its type.</summary>
    public ImmutableArray<TextRule> Rules { get; init; } = [];

    /// <summary>Texts (after the rules) that mean "no value".</summary>
    public ImmutableArray<string> NullWords { get; init; } = [];

    /// <summary>Date and timestamp: formats to try, in order. .NET custom formats, or <c>iso</c>, <c>epoch_s</c>, <c>epoch_ms</c>. Never empty for these types.</summary>
    public ImmutableArray<string> Formats { get; init; } = [];

    /// <summary>Timestamp: zone for times that carry none. The dataset's, unless the column says otherwise.</summary>
    public required TimeZoneInfo TimeZone { get; init; }

    /// <summary>Boolean: words (compared ignoring case, after the rules) for true.</summary>
    public ImmutableArray<string> TrueWords { get; init; } = [];

    /// <summary>Boolean: words for false.</summary>
    public ImmutableArray<string> FalseWords { get; init; } = [];

    /// <summary>A record without a value for this column is refused.</summary>
    public bool Required { get; init; }

    /// <summary>Raw text used when there is no value; goes through rules and typing like any other. Null: none.</summary>
    public string? Default { get; init; }

    /// <summary>Raw text of a column that has the same value in every record. Null: not a constant.</summary>
    public string? Constant { get; init; }

    /// <summary>What becomes of a value that does not fit the type.</summary>
    public MismatchPolicy OnMismatch { get; init; }

    /// <summary>The table is partitioned by this column: a text is a folder's name, and as long as <see cref="FolderText"/> allows.</summary>
    public bool Partitions { get; init; }

    /// <summary>Personal or otherwise sensitive: marked in the table's schema, and masked in what is said of records.</summary>
    public bool Protected { get; init; }
}

/// <summary>A place in a record: property names from the record's root. For CSV one segment, the header.</summary>
public sealed record FieldPath(ImmutableArray<string> Segments)
{
    public bool Equals(FieldPath? other) => other is not null && Segments.SequenceEqual(other.Segments);

    public override int GetHashCode() => Segments.Aggregate(17, (hash, s) => HashCode.Combine(hash, s.GetHashCode(StringComparison.Ordinal)));

    /// <summary>As a contract may write it: the name alone, where it is one.</summary>
    public string Plainly() => Segments is [var name] ? name : ToString();

    public override string ToString() => "/" + string.Join('/', Segments.Select(s => s.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)));
}

/// <summary>Rules on the text of a value. Fixed meaning: they decide what is a duplicate.</summary>
public enum TextRule
{
    /// <summary>Removes white space (Unicode, also U+3000, U+00A0, U+FEFF) at both ends.</summary>
    Trim,

    /// <summary>Unicode NFKC: full-width letters and digits become half-width.</summary>
    Nfkc,

    /// <summary>Runs of white space become one space.</summary>
    CollapseSpaces,

    /// <summary>Invariant upper case.</summary>
    Upper,

    /// <summary>Invariant lower case.</summary>
    Lower,

    /// <summary>A code that went through a spreadsheet: <c>610500.0</c> becomes <c>610500</c>; also <c>6.105E5</c>; white space inside goes. Leading zeros stay.</summary>
    Code,

    /// <summary>Numbers with thousands separators (<c>1,234.50</c>, <c>1 234.50</c>, <c>1，234</c>, <c>¥</c> or <c>%</c> are not removed) lose them.</summary>
    Separators,
}

public enum MismatchPolicy
{
    /// <summary>The record goes to quarantine.</summary>
    Quarantine,

    /// <summary>The column is null and the value goes to <c>_rescued</c> under its source name.</summary>
    Rescue,
}
