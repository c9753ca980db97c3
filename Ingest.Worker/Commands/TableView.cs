using System.Globalization;

namespace Ingest.Worker.Commands;

/// <summary>Makes a table for people of rows that also go out as CSV and JSON: narrower by columns that say nothing here, and numbers with separators.</summary>
internal sealed record TableView
{
    /// <summary>Columns of numbers, which get separators; in JSON they are numbers.</summary>
    public IReadOnlyCollection<string> Numbers { get; init; } = [];

    /// <summary>Columns of numbers that are names, and get none; in JSON they are numbers, too.</summary>
    public IReadOnlyCollection<string> Ordinals { get; init; } = [];

    /// <summary>Columns of bytes, which people read as KiB, MiB and GiB; in JSON they are numbers.</summary>
    public IReadOnlyCollection<string> Sizes { get; init; } = [];

    /// <summary>Columns of times, which go to the minute.</summary>
    public IReadOnlyCollection<string> Times { get; init; } = [];

    /// <summary>Columns that are left out when each row has the same there.</summary>
    public IReadOnlyCollection<string> OnlyIfTheyDiffer { get; init; } = [];

    /// <summary>Columns that are left out when each row has this there: the usual.</summary>
    public IReadOnlyDictionary<string, string> UnlessUsual { get; init; } = new Dictionary<string, string>();

    /// <summary>What people are told where a cell is empty.</summary>
    public IReadOnlyDictionary<string, string> WhenEmpty { get; init; } = new Dictionary<string, string>();

    public RowTable Of(IReadOnlyList<string> names, IReadOnlyList<string[]> rows)
    {
        int[] kept = [.. Enumerable.Range(0, names.Count).Where(i => SaysSomething(names[i], rows.Select(r => r[i])))];
        var table = Output.Table([.. kept.Select(i => names[i])]);
        foreach (var row in rows) table.Row([.. kept.Select(i => Cell(names[i], row[i]))]);
        return table;
    }

    public bool IsNumber(string name) => Numbers.Contains(name) || Ordinals.Contains(name) || Sizes.Contains(name);

    private bool SaysSomething(string name, IEnumerable<string> cells)
    {
        if (OnlyIfTheyDiffer.Contains(name)) return cells.Distinct().Count() > 1;
        return !UnlessUsual.TryGetValue(name, out var usual) || cells.Any(c => c != usual);
    }

    private string Cell(string name, string text) =>
        text.Length == 0 ? WhenEmpty.GetValueOrDefault(name, "") :
        Times.Contains(name) && text.Length > 16 && text[10] == 'T' ? $"{text[..10]} {text[11..16]}Z" :
        Sizes.Contains(name) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? Output.Bytes(bytes) :
        Numbers.Contains(name) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? Output.Count(number) : text;
}
