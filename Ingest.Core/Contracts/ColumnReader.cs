using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;

namespace Ingest.Core.Contracts;

/// <summary>Reads the columns of a contract.</summary>
internal static partial class ColumnReader
{
    private static readonly ImmutableArray<string> s_dateFormats = ["iso", "yyyy/M/d", "yyyyMMdd", "yyyy年M月d日"];
    private static readonly ImmutableArray<string> s_timestampFormats = ["iso", "yyyy-MM-dd HH:mm:ss", "yyyy/M/d H:mm:ss", "yyyy-MM-dd HH:mm"];
    private static readonly ImmutableArray<string> s_true = ["true", "t", "yes", "y", "1", "是", "真"];
    private static readonly ImmutableArray<string> s_false = ["false", "f", "no", "n", "0", "否", "假"];
    private static readonly string[] s_namedFormats = ["iso", "epoch_s", "epoch_ms"];

    private static readonly (string Name, TextRule Rule)[] s_rules =
    [
        ("trim", TextRule.Trim), ("nfkc", TextRule.Nfkc), ("collapse_spaces", TextRule.CollapseSpaces), ("upper", TextRule.Upper),
        ("lower", TextRule.Lower), ("code", TextRule.Code), ("separators", TextRule.Separators),
    ];

    private static readonly (string Name, ColumnType Type)[] s_types =
    [
        ("string", ColumnType.String), ("int", ColumnType.Int), ("long", ColumnType.Long), ("double", ColumnType.Double),
        ("boolean", ColumnType.Boolean), ("date", ColumnType.Date), ("timestamp", ColumnType.Timestamp),
    ];

    /// <summary>Names of the text rules, as contracts write them.</summary>
    public static IEnumerable<string> RuleNames => s_rules.Select(r => r.Name);

    public static List<(ColumnPlan Plan, Mark At)> ReadAll(ContractNode root, TimeZoneInfo zone)
    {
        var columns = new List<(ColumnPlan, Mark)>();
        foreach (var node in root.Maps("columns", "Write columns: with a list of - name: plate_number and type: string."))
        {
            columns.Add((Read(node, columns.Count, zone), node.At("name")));
            node.Done();
        }

        return columns;
    }

    private static ColumnPlan Read(ContractNode node, int ordinal, TimeZoneInfo zone)
    {
        var name = ContractReader.Name(node, "name", ColumnName(), "Write a lower-case name of letters, digits and '_', starting with a letter, such as name: plate_number.") ?? "?";
        if (name is SystemColumns.Department or SystemColumns.EventDate) node.Wrong("name", $"'{name}' is a column that every table has.", "Give the column another name.");
        var (type, precision, scale) = Type(node);
        var constant = node.Text("constant");
        var sources = node.Texts("source");
        if (constant is not null && sources is not null) node.Wrong("constant", "A constant column has no source.", "Remove source or constant.");
        return new ColumnPlan
        {
            Ordinal = ordinal,
            Name = name,
            Description = node.Text("description"),
            Type = type,
            Precision = precision,
            Scale = scale,
            Sources = constant is not null ? [] : sources is null ? [new FieldPath([name])] : [.. sources.Select(s => ContractReader.Path(node, s.At, s.Text))],
            Rules = Rules(node),
            NullWords = node.Texts("null_words") is { } words ? [.. words.Select(w => w.Text)] : [""],
            Formats = Formats(node, type),
            TimeZone = ContractReader.Zone(node, "time_zone", null) ?? zone,
            TrueWords = Words(node, "true_words", type, s_true),
            FalseWords = Words(node, "false_words", type, s_false),
            Required = node.Truth("required") ?? false,
            Default = node.Text("default"),
            Constant = constant,
            OnMismatch = ContractReader.Choice(node, "on_mismatch", "quarantine", ("quarantine", MismatchPolicy.Quarantine), ("rescue", MismatchPolicy.Rescue)),
            Protected = node.Truth("protected") ?? false,
        };
    }

    private static (ColumnType, int Precision, int Scale) Type(ContractNode node)
    {
        const string Remedy = "Write one of: string, int, long, double, decimal(p,s), boolean, date, timestamp.";
        if (node.Text("type", Remedy) is not { } text) return (ColumnType.String, 0, 0);
        foreach (var (name, type) in s_types)
        {
            if (name == text) return (type, 0, 0);
        }

        var match = DecimalType().Match(text);
        if (!match.Success)
        {
            node.Wrong("type", $"There is no type '{text}'.", Remedy);
            return (ColumnType.String, 0, 0);
        }

        var precision = int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        var scale = int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
        if (precision is >= 1 and <= 38 && scale <= precision) return (ColumnType.Decimal, precision, scale);
        node.Wrong("type", $"'{text}' is out of range.", "A decimal has 1 to 38 digits, of which at most all stand after the point, such as decimal(18,2).");
        return (ColumnType.Decimal, 18, 2);
    }

    private static ImmutableArray<TextRule> Rules(ContractNode node)
    {
        if (node.Texts("normalize") is not { } names) return [TextRule.Trim];
        var rules = ImmutableArray.CreateBuilder<TextRule>();
        foreach (var (name, at) in names)
        {
            var known = Array.FindIndex(s_rules, r => r.Name == name);
            if (known >= 0) rules.Add(s_rules[known].Rule);
            else node.Wrong(at, $"There is no rule '{name}'.", NearestName.Suggest(name, RuleNames));
        }

        return rules.ToImmutable();
    }

    private static ImmutableArray<string> Formats(ContractNode node, ColumnType type)
    {
        var formats = node.Texts("formats");
        if (type is not (ColumnType.Date or ColumnType.Timestamp))
        {
            if (formats is not null) node.Wrong("formats", "Only dates and timestamps have formats.", "Remove formats, or make the column a date or timestamp.");
            return [];
        }

        if (formats is null) return type == ColumnType.Date ? s_dateFormats : s_timestampFormats;
        foreach (var (format, at) in formats)
        {
            if (!s_namedFormats.Contains(format) && !IsFormat(format))
                node.Wrong(at, $"'{format}' is not a format.", "Write a .NET date and time format such as \"yyyy-MM-dd HH:mm:ss\", or iso, epoch_s or epoch_ms.");
        }

        return formats.Count > 0 ? [.. formats.Select(f => f.Text)] : s_dateFormats;
    }

    private static bool IsFormat(string format)
    {
        try
        {
            // A format that cannot read what it writes is of no use; one that names no year reads nothing in particular.
            var sample = new DateTime(2024, 2, 29, 13, 7, 9, DateTimeKind.Unspecified);
            return format.Contains('y', StringComparison.Ordinal)
                && DateTime.TryParseExact(sample.ToString(format, CultureInfo.InvariantCulture), format, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static ImmutableArray<string> Words(ContractNode node, string key, ColumnType type, ImmutableArray<string> otherwise)
    {
        var words = node.Texts(key);
        if (type == ColumnType.Boolean) return words is null ? otherwise : [.. words.Select(w => w.Text)];
        if (words is not null) node.Wrong(key, $"Only booleans have {key}.", $"Remove {key}, or make the column a boolean.");
        return [];
    }

    [GeneratedRegex("^[a-z][a-z0-9_]*$")]
    private static partial Regex ColumnName();

    [GeneratedRegex(@"^decimal\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)$")]
    private static partial Regex DecimalType();
}
