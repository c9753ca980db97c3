using System.Globalization;
using Spectre.Console;

namespace Ingest.Worker.Commands;

/// <summary>Numbers as people read them, and the console that tables are drawn on.</summary>
internal static class Output
{
    public static RowTable Table(params string[] columns) => new(columns);

    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A number of things: "1 record", "2 records".</summary>
    public static string Count(long value, string thing) => $"{Count(value)} {thing}{(value == 1 ? "" : "s")}";

    public static string Bytes(long bytes) => bytes switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):F1} GiB"),
        >= 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):F1} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:F1} KiB"),
    };

    /// <summary>Wider than any table.</summary>
    public const int Unlimited = 1_000_000;

    public static IAnsiConsole Console { get; } = Create();

    /// <summary>
    /// How wide a pipe or file is: wide enough for a row a line, for grep and less -S; or what the variable COLUMNS says (POSIX), which a user exports to read the same in a pager, a block a row where a row does not fit.
    /// </summary>
    public static int WidthOfPipe(string? columns) => int.TryParse(columns, NumberStyles.None, CultureInfo.InvariantCulture, out var width) && width > 0 ? width : Unlimited;

    private static IAnsiConsole Create()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings());
        if (System.Console.IsOutputRedirected) console.Profile.Width = WidthOfPipe(Environment.GetEnvironmentVariable("COLUMNS"));
        return console;
    }
}
