using System.CommandLine;
using System.Text.RegularExpressions;
using Ingest.Worker.Publishing;

namespace Ingest.Worker.Commands;

/// <summary>The parser names the program's own types where a value does not fit; people need to know what to write.</summary>
internal static partial class ParseErrors
{
    public static string Plain(string errors) => Type().Replace(errors, match => $". Give {What(match.Groups[1].Value)}.");

    /// <summary>A command that stands below another one, given without that; null when it is none.</summary>
    public static string? Nested(Command root, IReadOnlyList<string> arguments) =>
        arguments.Count > 0 && root.Subcommands.All(c => c.Name != arguments[0]) && root.Subcommands.FirstOrDefault(c => c.Subcommands.Any(s => s.Name == arguments[0])) is { } above
            ? $"There is no command '{arguments[0]}'. Did you mean '{above.Name} {arguments[0]}'?"
            : null;

    private static string What(string type) => type switch
    {
        _ when type.Contains(nameof(FileFormat), StringComparison.Ordinal) => string.Join(" or ", Enum.GetNames<FileFormat>()).ToLowerInvariant(),
        _ when type.Contains("Int", StringComparison.Ordinal) => "a whole number",
        _ when type.Contains(nameof(Boolean), StringComparison.Ordinal) => "true or false",
        _ => "another value",
    };

    [GeneratedRegex(@" as expected type '([^']+)'\.")]
    private static partial Regex Type();
}
