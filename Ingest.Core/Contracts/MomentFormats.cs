using System.Globalization;
using System.Text.RegularExpressions;

namespace Ingest.Core.Contracts;

/// <summary>Judges the formats of dates and timestamps: one that reads, but reads something else than its author means, is worse than none.</summary>
internal static partial class MomentFormats
{
    /// <summary>How the engine reads .NET formats: a time without a date is no date of today, and an offset is applied.</summary>
    public const DateTimeStyles Styles = DateTimeStyles.NoCurrentDateDefault | DateTimeStyles.AdjustToUniversal;

    private static readonly string[] s_named = ["iso", "epoch_s", "epoch_ms"];

    /// <summary>What is wrong and what would be right; null when nothing is.</summary>
    public static (string Message, string Remedy)? Problem(string format)
    {
        const string Remedy = "Write a .NET date and time format such as \"yyyy-MM-dd HH:mm:ss\", or iso, epoch_s or epoch_ms.";
        if (s_named.Contains(format)) return null;
        var wrong = ($"'{format}' is not a format.", Remedy);
        var specifiers = Literals().Replace(format, "");
        if (format.Length < 2 || !(specifiers.Contains('y', StringComparison.Ordinal) || specifiers.Contains('d', StringComparison.Ordinal))) return wrong;
        if (MinutesForMonth().IsMatch(specifiers)) return ($"'{format}' has minutes (m) where the month should be.", "Write M for the month and m for minutes.");
        try
        {
            var sample = new DateTime(2024, 2, 29, 13, 7, 9, DateTimeKind.Utc);
            if (!DateTime.TryParseExact(sample.ToString(format, CultureInfo.InvariantCulture), format, CultureInfo.InvariantCulture, Styles, out var read)) return wrong;
            if (read.Date != sample.Date) return ($"'{format}' does not give year, month and day.", "Write yyyy for the year, M or MM for the month and d or dd for the day.");
            return read.Hour is 0 or 13 ? null : ($"'{format}' takes afternoon for morning.", "Write H or HH for a clock of 24 hours, or add tt for AM and PM.");
        }
        catch (FormatException)
        {
            return wrong;
        }
    }

    [GeneratedRegex(@"'[^']*'|""[^""]*""|\\.")]
    private static partial Regex Literals();

    [GeneratedRegex(@"y[^yMdHhms]*m+[^yMdHhms]*d|d[^yMdHhms]*m+[^yMdHhms]*y")]
    private static partial Regex MinutesForMonth();
}
