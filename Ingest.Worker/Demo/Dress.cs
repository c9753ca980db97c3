using System.Globalization;
using System.Text;
using Ingest.Core.Contracts;

namespace Ingest.Worker.Demo;

/// <summary>
/// Puts a clean value into the dress in which departments send it: full-width digits, stray spaces, <c>610500.0</c>, 是 and 否, thousands separators, one of
/// several date formats. Only such dress as the column's contract undoes. Knows nothing of how the service undoes it.
/// </summary>
internal static class Dress
{
    private static readonly TimeSpan s_cityOffset = TimeSpan.FromHours(8);

    /// <summary>The text as sent, and whether JSON sends it bare (a number or truth) instead of quoted.</summary>
    public static (string Text, bool Bare) Of(ColumnPlan column, string clean, Random random)
    {
        var isPlain = random.Next(100) < 60;
        return column.Type switch
        {
            ColumnType.String => (isPlain ? clean : Text(column, clean, random), false),
            ColumnType.Boolean => isPlain ? (clean, true) : (column.TrueWords.Contains("是") ? (clean == "true" ? "是" : "否") : clean, false),
            ColumnType.Date => (Date(column, clean, random), false),
            ColumnType.Timestamp => Timestamp(column, clean, random),
            _ => isPlain ? (clean, true) : (Number(column, clean, random), false),
        };
    }

    /// <summary>A word that means "no value".</summary>
    public static string? NullWord(ColumnPlan column, Random random) => column.NullWords.Length == 0 ? null : column.NullWords[random.Next(column.NullWords.Length)];

    private static string Text(ColumnPlan column, string clean, Random random)
    {
        var text = clean;
        if (column.Rules.Contains(TextRule.Code) && random.Next(2) == 0) return text + ".0";
        if (column.Rules.Contains(TextRule.Upper) && random.Next(2) == 0) text = text.ToLowerInvariant();
        else if (column.Rules.Contains(TextRule.Lower) && random.Next(2) == 0) text = text.ToUpperInvariant();
        if (column.Rules.Contains(TextRule.CollapseSpaces)) text = text.Replace(" ", "  ", StringComparison.Ordinal);
        if (column.Rules.Contains(TextRule.Nfkc) && random.Next(2) == 0) text = FullWidth(text);
        if (column.Rules.Contains(TextRule.Trim)) text = random.Next(3) switch { 0 => " " + text, 1 => text + "\u3000", _ => "  " + text + " " };
        return text;
    }

    private static string Number(ColumnPlan column, string clean, Random random)
    {
        var text = clean;
        if (column.Rules.Contains(TextRule.Separators))
        {
            var point = text.IndexOf('.', StringComparison.Ordinal);
            var whole = long.Parse(point < 0 ? text : text[..point], CultureInfo.InvariantCulture);
            text = whole.ToString("N0", CultureInfo.InvariantCulture) + (point < 0 ? "" : text[point..]);
        }
        else if (column.Type is ColumnType.Int or ColumnType.Long && random.Next(3) == 0)
        {
            text += ".0";
        }

        if (column.Rules.Contains(TextRule.Nfkc) && random.Next(2) == 0) text = FullWidth(text);
        return column.Rules.Contains(TextRule.Trim) && random.Next(2) == 0 ? " " + text : text;
    }

    private static string Date(ColumnPlan column, string clean, Random random)
    {
        var format = column.Formats[random.Next(column.Formats.Length)];
        var day = DateTime.ParseExact(clean, "yyyy-MM-dd", CultureInfo.InvariantCulture);
        return day.ToString(format == "iso" ? "yyyy-MM-dd" : format, CultureInfo.InvariantCulture);
    }

    private static (string, bool) Timestamp(ColumnPlan column, string clean, Random random)
    {
        var local = DateTime.ParseExact(clean, "yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        var format = column.Formats[random.Next(column.Formats.Length)];
        return format switch
        {
            "epoch_ms" => (new DateTimeOffset(local, s_cityOffset).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture), true),
            "epoch_s" => (new DateTimeOffset(local, s_cityOffset).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), true),
            "iso" => (random.Next(2) == 0 ? local.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture) + "+08:00" : (local - s_cityOffset).ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture) + "Z", false),
            _ => (local.ToString(format, CultureInfo.InvariantCulture), false),
        };
    }

    private static string FullWidth(string text)
    {
        var wide = new StringBuilder(text.Length);
        foreach (var c in text) wide.Append(char.IsAsciiLetterOrDigit(c) ? (char)(c + 0xFEE0) : c);
        return wide.ToString();
    }
}
