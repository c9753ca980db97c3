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
        Assert.Equal("\n  table     a\n  source    kafka\n  offset    1\n  given up  0\n\n", Drawn(new TableView().Of(s_names, [["a", "kafka", "1", "0"]]), width: 20));

    [Fact]
    public void A_cell_with_line_breaks_stays_a_cell_and_a_row_a_line() =>
        Assert.Equal("\n  a              b\n────────────────────\n  1\\n2\\t\\u0007   c\n\n", Drawn(new TableView().Of(["a", "b"], [["1\n2\t\a", "c"]])));

    [Fact]
    public void In_a_pipe_a_row_is_a_line_however_long_unless_COLUMNS_says_how_wide_to_be()
    {
        string[] row = ["a", new('k', 300), "1", "0"];
        Assert.Contains($"  a       {row[1]}   1        0\n", Drawn(new TableView().Of(s_names, [row]), Output.WidthOfPipe(null)), StringComparison.Ordinal);
        Assert.Contains($"  source    {row[1]}\n  offset    1\n", Drawn(new TableView().Of(s_names, [row]), Output.WidthOfPipe("100")), StringComparison.Ordinal);
        Assert.All(["", "0", "-1", "wide", "99999999999"], c => Assert.Equal(Output.Unlimited, Output.WidthOfPipe(c)));
    }

    [Fact]
    public void In_JSON_only_columns_of_numbers_are_numbers_and_an_empty_cell_is_null() =>
        Assert.Equal("""{"table":"0191","source":null,"offset":12345,"given up":"0"}""", OutputStyleOptions.Json(s_names, ["0191", "", "12345", "0"], s_view));

    [Fact]
    public void People_are_told_what_an_empty_cell_means() =>
        Assert.Contains("nothing", Drawn(new TableView { WhenEmpty = new Dictionary<string, string> { ["a"] = "nothing" } }.Of(["a"], [[""]])), StringComparison.Ordinal);

    private static string Drawn(RowTable table, int width = 1_000)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = width;
        console.Write(table);
        return text.ToString().ReplaceLineEndings("\n");
    }
}
