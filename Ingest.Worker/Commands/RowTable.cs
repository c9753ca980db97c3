using Spectre.Console.Rendering;

namespace Ingest.Worker.Commands;

/// <summary>Rows under headings: a table where the console is wide enough for one, else a block a row, so that no value is ever cut.</summary>
internal sealed class RowTable(params string[] columns) : IRenderable
{
    private readonly List<string[]> _rows = [];

    /// <summary>Stands above the table; null for none.</summary>
    public string? Title { get; init; }

    public int Count => _rows.Count;

    public void Row(params string[] cells) => _rows.Add([.. cells.Select(RowLayout.OneLine)]);

    public Measurement Measure(RenderOptions options, int maxWidth) => new(Math.Min(new RowLayout(columns, _rows, maxWidth).Width, maxWidth), maxWidth);

    public IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        var layout = new RowLayout(columns, _rows, maxWidth);
        if (Title is not null) yield return new Segment($"{new string(' ', layout.Width > maxWidth ? 0 : Math.Max(0, (layout.Width - Title.Length) / 2))}{Title}\n");
        foreach (var line in layout.Head().Concat(_rows.SelectMany(layout.Row)).Append(""))
        {
            if (line.Length > 0) yield return new Segment(line);
            yield return Segment.LineBreak;
        }
    }
}
