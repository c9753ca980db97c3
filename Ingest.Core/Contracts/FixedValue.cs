using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace Ingest.Core.Contracts;

/// <summary>
/// Judges the texts of defaults and constants, which the engine reads like any value: one that does not fit its type would stop a worker at its first transfer. What
/// cannot be judged without the engine's own readers (a text that <c>code</c> or <c>separators</c> would change, an hour that a zone skips) passes.
/// </summary>
internal static partial class FixedValue
{
    /// <summary>Exponents beyond this are judged by nobody: no column holds such a number.</summary>
    private const int ExponentMax = 400;

    /// <summary>What is wrong, to follow "The default 'x'", and what would be right; null when nothing is.</summary>
    public static (string Message, string Remedy)? Problem(ColumnPlan column, string raw)
    {
        if (column.Rules.Any(r => r is TextRule.Code or TextRule.Separators) && raw.Any(c => !char.IsAsciiDigit(c))) return null;
        var text = column.Rules.Aggregate(raw, Apply);
        if (column.NullWords.Contains(text, StringComparer.Ordinal)) return ("is one of the column's null words, so it is no value", text.Length == 0 && column.Partitions ? "Write a value: the table is partitioned by the column, where an empty text is none." : "Write a value, or take the word out of null_words.");
        return column.Type switch
        {
            ColumnType.String when column.Partitions && !FolderText.Fits(Encoding.UTF8.GetBytes(text)) =>
                ("is too long for the name of a folder, and the table is partitioned by its column", $"Write at most {FolderText.BytesMax} bytes, or do not partition by it."),
            ColumnType.Int => Whole(text, int.MinValue, int.MaxValue, "an int"),
            ColumnType.Long => Whole(text, long.MinValue, long.MaxValue, "a long"),
            ColumnType.Double => Double(text),
            ColumnType.Decimal => Decimal(text, column),
            ColumnType.Boolean when !column.TrueWords.Concat(column.FalseWords).Contains(text, StringComparer.OrdinalIgnoreCase) =>
                ("is no boolean", $"Write one of: {string.Join(", ", column.TrueWords.Concat(column.FalseWords))}."),
            ColumnType.Date or ColumnType.Timestamp when !column.Formats.Any(f => IsMoment(text, f, column.Type)) =>
                ("is in none of the column's formats", $"Write it as one of: {string.Join(", ", column.Formats)}."),
            _ => null,
        };
    }

    private static string Apply(string text, TextRule rule) => rule switch
    {
        TextRule.Trim => text.Trim().Trim('\uFEFF').Trim(),
        TextRule.Nfkc => text.Normalize(NormalizationForm.FormKC),
        TextRule.CollapseSpaces => Spaces().Replace(text, " "),
        TextRule.Upper => text.ToUpperInvariant(),
        TextRule.Lower => text.ToLowerInvariant(),
        _ => text,
    };

    private static (string, string)? Whole(string text, BigInteger min, BigInteger max, string what)
    {
        if (Number().Match(text) is not { Success: true } match) return ($"is not {what}", "Write digits, such as 0 or -12.");
        if (Unscaled(match, 0) is not { } value) return ($"is not {what}", "Write a whole number.");
        return value >= min && value <= max ? null : ($"is too large for {what}", $"Write a number from {min} to {max}.");
    }

    private static (string, string)? Double(string text)
    {
        if (!Number().IsMatch(text)) return ("is not a double", "Write a number, such as 0 or -1.5.");
        return double.IsFinite(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)) ? null : ("is too large for a double", "Write a smaller number.");
    }

    private static (string, string)? Decimal(string text, ColumnPlan column)
    {
        var what = $"a decimal({column.Precision},{column.Scale})";
        if (Number().Match(text) is not { Success: true } match) return ($"is not {what}", "Write a number, such as 0 or -1.50.");
        return Unscaled(match, column.Scale) is { } value && BigInteger.Abs(value) < BigInteger.Pow(10, column.Precision)
            ? null
            : ($"does not fit {what}", $"Write at most {column.Precision - column.Scale} digits before the point and {column.Scale} after it.");
    }

    /// <summary>The number times 10^scale; null when that is not whole. The engine keeps 38 figures, as many as the widest column.</summary>
    private static BigInteger? Unscaled(Match match, int scale)
    {
        var fraction = match.Groups["fraction"].Value;
        var digits = BigInteger.Parse(match.Groups["whole"].Value + fraction, CultureInfo.InvariantCulture);
        if (digits.IsZero) return BigInteger.Zero;
        var exponent = match.Groups["exponent"].Value is { Length: > 0 } e ? BigInteger.Parse(e, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0;
        var power = exponent - fraction.Length + scale;
        if (BigInteger.Abs(power) > ExponentMax) return power.Sign > 0 ? BigInteger.Pow(10, ExponentMax) : null;
        var value = match.Groups["sign"].Value == "-" ? -digits : digits;
        if (power.Sign >= 0) return value * BigInteger.Pow(10, (int)power);
        var whole = BigInteger.DivRem(value, BigInteger.Pow(10, (int)-power), out var rest);
        return rest.IsZero ? whole : null;
    }

    private static bool IsMoment(string text, string format, ColumnType type) => format switch
    {
        "iso" => (type == ColumnType.Date ? IsoDate() : IsoTime()).IsMatch(text) && DateOnly.TryParseExact(text[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "epoch_s" or "epoch_ms" => Number().IsMatch(text),
        _ => DateTime.TryParseExact(text, format, CultureInfo.InvariantCulture, MomentFormats.Styles, out _),
    };

    [GeneratedRegex(@"^(?<sign>[+-]?)(?=[0-9]|\.[0-9])(?<whole>[0-9]*)(\.(?<fraction>[0-9]+))?([eE](?<exponent>[+-]?[0-9]+))?\z")]
    private static partial Regex Number();

    /// <summary>A midnight without offset is the date alone, as spreadsheets write it.</summary>
    [GeneratedRegex(@"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00([.,]0+)?)?)?\z")]
    private static partial Regex IsoDate();

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,6}0*)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?\z")]
    private static partial Regex IsoTime();

    [GeneratedRegex(@"[\s\uFEFF]+")]
    private static partial Regex Spaces();
}
