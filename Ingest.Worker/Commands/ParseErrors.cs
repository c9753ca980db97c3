using System.Text.RegularExpressions;
using Ingest.Worker.Publishing;

namespace Ingest.Worker.Commands;

/// <summary>The parser names the program's own types where a value does not fit; people need to know what to write.</summary>
internal static partial class ParseErrors
{
    public static string Plain(string errors) => Type().Replace(errors, match => $". Give {What(match.Groups[1].Value)}.");

    private static string What(string type) => type switch
    {
        _ when type.Contains(nameof(TimeSpan), StringComparison.Ordinal) => "a time as days.hours:minutes:seconds, such as 7.00:00:00",
        _ when type.Contains(nameof(FileFormat), StringComparison.Ordinal) => string.Join(" or ", Enum.GetNames<FileFormat>()).ToLowerInvariant(),
        _ when type.Contains("Int", StringComparison.Ordinal) => "a whole number",
        _ when type.Contains(nameof(Boolean), StringComparison.Ordinal) => "true or false",
        _ => "another value",
    };

    [GeneratedRegex(@" as expected type '([^']+)'\.")]
    private static partial Regex Type();
}
