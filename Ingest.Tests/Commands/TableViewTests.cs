using Ingest.Worker.Commands;
using Spectre.Console;

namespace Ingest.Tests.Commands;

/// <summary>Tables for people: as narrow as what they say, and whole lines without spaces at their ends.</summary>
public sealed class TableViewTests
{
    private static readonly string[] s_names = ["table", "source", "offset", "given up"];

    private static readonly TableView s_view = new()
    {
        Numbers = ["offset"],
        OnlyIfTheyDiffer = ["source"],
        UnlessUsual = new Dictionary<string, string> { ["given up"] = "0" },
    };

    [Fact]
    public void Columns_that_say_nothing_are_left_out_and_numbers_are_readable() =>
        Assert.Equal("\n  table   offset\n──────────────────\n  4200    12,345\n  b       7\n\n", Drawn(s_view.Of(s_names, [["4200", "kafka", "12345", "0"], ["b", "kafka", "7", "0"]])));

    [Fact]
    public void Columns_that_say_something_stay()
    {
        var drawn = Drawn(s_view.Of(s_names, [["a", "kafka", "1", "0"], ["b", "other", "2", "9"]]));
        foreach (var name in s_names) Assert.Contains(name, drawn, StringComparison.Ordinal);
    }

    [Fact]
    public void Times_go_to_the_minute() =>
        Assert.Contains("2026-03-02 07:22Z\n", Drawn(new TableView { Times = ["a"] }.Of(["a"], [["2026-03-02T07:22:43.310Z"]])), StringComparison.Ordinal);

    [Fact]
    public void A_table_that_is_wider_than_the_terminal_is_a_block_a_row() =>
        Assert.Equal("\n  table     a\n  source    kafka\n  offset    1\n  given up  0\n\n", Drawn(TableView.Plain.Of(s_names, [["a", "kafka", "1", "0"]]), width: 20));

    private static string Drawn(RowTable table, int width = 1_000)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = width;
        console.Write(table);
        return text.ToString().ReplaceLineEndings("\n");
    }
}
