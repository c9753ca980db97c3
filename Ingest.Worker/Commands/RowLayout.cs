using System.Text;
using Spectre.Console.Rendering;

namespace Ingest.Worker.Commands;

/// <summary>Lines of a table whose columns are as wide as the rows that were looked at need; or blocks of lines, one a row, where that is wider than the console, so that no value is ever cut.</summary>
internal sealed class RowLayout
{
    private const string Between = "   ";

    private readonly IReadOnlyList<string> _columns;
    private readonly int[] _widths;
    private readonly bool _isEmpty, _isBlocks;

    /// <param name="rows">Those that are looked at; later ones may be wider, and stick out.</param>
    /// <param name="widthMax">The console's.</param>
    public RowLayout(IReadOnlyList<string> columns, IReadOnlyList<string[]> rows, int widthMax)
    {
        _columns = [.. columns.Select(OneLine)];
        _widths = [.. _columns.Select((column, i) => rows.Select(r => WidthOf(r[i])).Append(WidthOf(column)).Max())];
        _isEmpty = rows.Count == 0;
        _isBlocks = !_isEmpty && Width > widthMax;
    }

    /// <summary>Of the line below the headings.</summary>
    public int Width => _widths.Sum(w => Between.Length + w) + 1;

    /// <summary>A row is a line, in a file or for grep, too: line breaks and other control characters are shown as JSON writes them.</summary>
    public static string OneLine(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => c switch { '\n' => @"\n", '\r' => @"\r", '\t' => @"\t", _ when char.IsControl(c) => $@"\u{(int)c:x4}", _ => c.ToString() })) : text;

    public IEnumerable<string> Head() => _isBlocks ? [] : _isEmpty ? ["", Line(_columns)] : ["", Line(_columns), new string('─', Width)];

    public IEnumerable<string> Row(IReadOnlyList<string> cells) => _isBlocks ? Block(cells) : [Line(cells)];

    /// <summary>Without spaces at its end, which pipes and files would keep.</summary>
    private string Line(IReadOnlyList<string> cells)
    {
        var line = new StringBuilder("  ");
        for (var i = 0; i < cells.Count; i++)
        {
            line.Append(i == 0 ? "" : Between).Append(cells[i]);
            if (i < cells.Count - 1) line.Append(' ', Math.Max(0, _widths[i] - WidthOf(cells[i])));
        }

        return line.ToString().TrimEnd(' ');
    }

    /// <summary>Empty cells are left out: wide rows are often half empty.</summary>
    private IEnumerable<string> Block(IReadOnlyList<string> cells)
    {
        var names = _columns.Max(WidthOf);
        yield return "";
        for (var i = 0; i < cells.Count; i++)
        {
            if (cells[i].Length > 0) yield return $"  {_columns[i]}{new string(' ', names - WidthOf(_columns[i]))}  {cells[i]}";
        }
    }

    /// <summary>Places on a console: Chinese characters and full-width forms take two.</summary>
    private static int WidthOf(string text) => Ascii.IsValid(text) ? text.Length : new Segment(text).CellCount();
}
