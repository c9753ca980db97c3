using Spectre.Console;
using Spectre.Console.Rendering;

namespace Ingest.Worker.Commands;

/// <summary>Rows under headings: a table where the console is wide enough for one, else a block a row, so that no value is ever cut.</summary>
internal sealed class RowTable(params string[] columns) : IRenderable
{
    private readonly List<string[]> _rows = [];

    /// <summary>Stands above the table; null for none.</summary>
    public string? Title { get; init; }

    public int Count => _rows.Count;

    public void Row(params string[] cells) => _rows.Add([.. cells.Select(OneLine)]);

    public Measurement Measure(RenderOptions options, int maxWidth) => new(Math.Min(Width(), maxWidth), maxWidth);

    public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => _rows.Count > 0 && Width() > maxWidth ? Blocks() : Trimmed(((IRenderable)AsTable()).Render(options, maxWidth));

    /// <summary>A row is a line, in a file or for grep, too: line breaks and other control characters are shown as JSON writes them.</summary>
    private static string OneLine(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => c switch { '\n' => @"\n", '\r' => @"\r", '\t' => @"\t", _ when char.IsControl(c) => $@"\u{(int)c:x4}", _ => c.ToString() })) : text;

    /// <summary>Lines without the spaces at their ends, which pipes and files would keep.</summary>
    private static IEnumerable<Segment> Trimmed(IEnumerable<Segment> table)
    {
        foreach (var line in Segment.SplitLines(table))
        {
            var end = line.Count;
            while (end > 0 && string.IsNullOrWhiteSpace(line[end - 1].Text)) end--;
            for (var i = 0; i < end; i++) yield return i < end - 1 ? line[i] : new Segment(line[i].Text.TrimEnd(), line[i].Style);
            yield return Segment.LineBreak;
        }
    }

    private Table AsTable()
    {
        var table = new Table().Border(TableBorder.Simple);
        if (Title is not null) table.Title = new TableTitle(Markup.Escape(Title));
        foreach (var column in columns) table.AddColumn(new TableColumn(Markup.Escape(column)).NoWrap());
        foreach (var row in _rows) table.AddRow([.. row.Select(Markup.Escape)]);
        return table;
    }

    /// <summary>Empty cells are left out: wide rows are often half empty.</summary>
    private IEnumerable<Segment> Blocks()
    {
        var names = columns.Max(Width);
        if (Title is not null) yield return new Segment(Title + "\n");
        foreach (var row in _rows)
        {
            yield return Segment.LineBreak;
            for (var i = 0; i < columns.Length; i++)
            {
                if (row[i].Length > 0) yield return new Segment($"  {columns[i]}{new string(' ', names - Width(columns[i]))}  {row[i]}\n");
            }
        }

        yield return Segment.LineBreak;
    }

    private int Width() => columns.Select((c, i) => 3 + _rows.Max(r => Math.Max(Width(c), Width(r[i])))).Sum() + 1;

    /// <summary>Chinese characters and full-width forms take two places on a console.</summary>
    private static int Width(string text) => text.Sum(c => c is >= '\u1100' and <= '\uFFE6' ? 2 : 1);
}
