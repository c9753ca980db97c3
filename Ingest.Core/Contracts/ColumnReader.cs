using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Ingest.Core.Contracts;

/// <summary>Reads the columns of a contract.</summary>
internal static partial class ColumnReader
{
    private const string TypesExample = "Write one of: string, int, long, double, decimal(p,s), boolean, date, timestamp.";

    private static readonly ImmutableArray<string> s_dateFormats = ["iso", "yyyy/M/d", "yyyyMMdd", "yyyy年M月d日"];
    private static readonly ImmutableArray<string> s_timestampFormats = ["iso", "yyyy-MM-dd HH:mm:ss", "yyyy/M/d H:mm:ss", "yyyy-MM-dd HH:mm"];
    private static readonly ImmutableArray<string> s_true = ["true", "t", "yes", "y", "1", "是", "真"];
    private static readonly ImmutableArray<string> s_false = ["false", "f", "no", "n", "0", "否", "假"];

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

    /// <summary>What SQL and other schemas call our types.</summary>
    private static readonly (string Elsewhere, string Name)[] s_typesElsewhere =
    [
        ("text", "string"), ("varchar", "string"), ("char", "string"), ("integer", "int"), ("int32", "int"), ("byte", "int"), ("short", "int"), ("smallint", "int"),
        ("bigint", "long"), ("int64", "long"), ("float", "double"), ("real", "double"), ("numeric", "decimal(18,2)"), ("bool", "boolean"), ("datetime", "timestamp"),
    ];

    /// <summary>Names of the text rules, as contracts write them.</summary>
    public static IEnumerable<string> RuleNames => s_rules.Select(r => r.Name);

    public static List<ColumnContract> ReadAll(ContractNode root, TimeZoneInfo zone)
    {
        var columns = new List<ColumnContract>();
        foreach (var node in root.Maps("columns", ContractKeys.Column, "Write columns: with a list of - name: plate_number and type: string."))
        {
            columns.Add(Read(node, columns.Count, zone));
            node.Done();
        }

        return columns;
    }

    private static ColumnContract Read(ContractNode node, int ordinal, TimeZoneInfo zone)
    {
        var name = Name(node);
        var typed = Type(node);
        var (type, precision, scale) = typed ?? (ColumnType.String, 0, 0);
        var constant = node.Text("constant");
        if (node.Has("constant") && node.Has("source")) node.Wrong("constant", "A constant column has no source.", "Remove source or constant.");
        if (node.Has("constant") && node.Has("default")) node.Wrong("default", "A constant column needs no default.", "Remove default or constant.");
        var sources = node.SomeTexts("source");
        var plan = new ColumnPlan
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
            Formats = Formats(node, typed?.Type),
            TimeZone = ContractReader.Zone(node, "time_zone", null) ?? zone,
            TrueWords = Words(node, "true_words", typed?.Type, s_true),
            FalseWords = Words(node, "false_words", typed?.Type, s_false),
            Required = node.Truth("required") ?? false,
            Default = node.Text("default"),
            Constant = constant,
            OnMismatch = ContractReader.Choice(node, "on_mismatch", "quarantine", ("quarantine", MismatchPolicy.Quarantine), ("rescue", MismatchPolicy.Rescue)),
            Protected = node.Truth("protected") ?? false,
        };
        return new ColumnContract(plan, node, typed is not null);
    }

    /// <summary>As written even when it is wrong, so that what refers to it is not wrong as well; empty when it is missing.</summary>
    private static string Name(ContractNode node)
    {
        var name = ContractReader.Name(node, "name", ColumnName(), "Write a lower-case name of letters, digits and '_', starting with a letter, such as name: plate_number.");
        if (name is SystemColumns.Department or SystemColumns.EventDate) node.Wrong("name", $"'{name}' is a column that every table has.", "Give the column another name.");
        return name ?? node.Written("name");
    }

    /// <summary>Null when it is missing or wrong.</summary>
    private static (ColumnType Type, int Precision, int Scale)? Type(ContractNode node)
    {
        if (node.Text("type", TypesExample) is not { } text) return null;
        foreach (var (name, type) in s_types)
        {
            if (name == text) return (type, 0, 0);
        }

        var match = DecimalType().Match(text);
        if (!match.Success)
        {
            node.Wrong("type", $"There is no type '{text}'.", TypeRemedy(text));
            return null;
        }

        var precision = int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        var scale = int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
        if (precision is >= 1 and <= 38 && scale <= precision) return (ColumnType.Decimal, precision, scale);
        node.Wrong("type", $"'{text}' is out of range.", "A decimal has 1 to 38 digits, of which at most all stand after the point, such as decimal(18,2).");
        return null;
    }

    private static string TypeRemedy(string text) =>
        text.StartsWith("decimal", StringComparison.OrdinalIgnoreCase) ? "Write a decimal with its digits and those after the point, such as decimal(18,2)." :
        (Array.Find(s_typesElsewhere, t => t.Elsewhere.Equals(text, StringComparison.OrdinalIgnoreCase)).Name ?? NearestName.Of(text, s_types.Select(t => t.Name))) is { } meant ? $"Did you mean '{meant}'?" : TypesExample;

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

    private static ImmutableArray<string> Formats(ContractNode node, ColumnType? type)
    {
        if (type is not (null or ColumnType.Date or ColumnType.Timestamp))
        {
            if (node.Has("formats")) node.Wrong("formats", "Only dates and timestamps have formats.", "Remove formats, or make the column a date or timestamp.");
            return [];
        }

        if (node.SomeTexts("formats") is not { } formats) return type == ColumnType.Date ? s_dateFormats : s_timestampFormats;
        foreach (var (format, at) in formats)
        {
            if (MomentFormats.Problem(format) is var (message, remedy)) node.Wrong(at, message, remedy);
        }

        return [.. formats.Select(f => f.Text)];
    }

    private static ImmutableArray<string> Words(ContractNode node, string key, ColumnType? type, ImmutableArray<string> otherwise)
    {
        if (type == ColumnType.Boolean) return node.SomeTexts(key) is { } words ? [.. words.Select(w => w.Text)] : otherwise;
        if (type is not null && node.Has(key)) node.Wrong(key, $"Only booleans have {key}.", $"Remove {key}, or make the column a boolean.");
        return [];
    }

    [GeneratedRegex(@"^[a-z][a-z0-9_]*\z")]
    private static partial Regex ColumnName();

    [GeneratedRegex(@"^decimal\(\s*([0-9]{1,2})\s*,\s*([0-9]{1,2})\s*\)\z")]
    private static partial Regex DecimalType();
}
