namespace Ingest.Worker.Commands;

/// <summary>Prints results of any length: rows go out as they come.</summary>
/// <param name="width">What a line may have, beyond which a row is a block.</param>
/// <param name="isTerminal">People read along: they are shown the first rows, and told how to get the others.</param>
/// <param name="isUnread">Whether nobody reads the output any longer.</param>
internal sealed class SqlPrinter(TextWriter output, OutputStyle style, int width, bool isTerminal, Func<bool> isUnread)
{
    /// <summary>As many rows of a table are looked at to find how wide its columns are.</summary>
    public const int RowsLookedAt = 500;

    private bool _isFirst = true;

    /// <summary>Prints a result behind those before it; false when nobody reads any longer.</summary>
    public bool Print(SqlResult result)
    {
        var isPlan = style == OutputStyle.Table && result.Names is ["explain_key", "explain_value"];

        // A table begins with an empty line of its own, and JSON has no headings to set apart.
        if (!_isFirst && (isPlan || style == OutputStyle.Csv)) output.WriteLine();
        _isFirst = false;
        if (isPlan) PrintEach(result, static r => (r.Text(1) ?? "").TrimEnd());
        else if (style == OutputStyle.Json) PrintEach(result, static r => r.Json());
        else if (style == OutputStyle.Table) PrintTable(result);
        else PrintCsv(result);
        output.Flush();
        return !isUnread();
    }

    private void PrintCsv(SqlResult result)
    {
        output.WriteLine(string.Join(',', result.Names.Select(OutputStyleOptions.CsvCell)));
        PrintEach(result, static r => string.Join(',', r.Names.Select((_, i) => r.Text(i) switch { null => "", "" => "\"\"", var text => OutputStyleOptions.CsvCell(text) })));
    }

    private void PrintEach(SqlResult result, Func<SqlResult, string> line)
    {
        while (Read(result)) output.WriteLine(line(result));
    }

    private void PrintTable(SqlResult result)
    {
        var first = new List<string[]>();
        while (first.Count < RowsLookedAt && Read(result)) first.Add(Cells(result));
        var layout = new RowLayout(result.Names, first, width);
        Write(layout.Head());
        foreach (var row in first) Write(layout.Row(row));
        if (first.Count < RowsLookedAt || !Read(result)) End(Output.Count(first.Count, "row"));
        else if (isTerminal) End($"The first {Output.Count(first.Count, "row")}; there are more. All of them: --csv, --json, or through a pipe: | less -S");
        else End(Output.Count(first.Count + Rest(), "row"));

        long Rest()
        {
            var rest = 0L;
            do
            {
                Write(layout.Row(Cells(result)));
                rest++;
            }
            while (Read(result));
            return rest;
        }

        void Write(IEnumerable<string> lines)
        {
            foreach (var line in lines) output.WriteLine(line);
        }

        void End(string said) => Write(["", said]);
    }

    /// <summary>What is printed goes out before a wait for more.</summary>
    private bool Read(SqlResult result)
    {
        if (result.IsNextHere) return result.Read();
        output.Flush();
        return !isUnread() && result.Read();
    }

    private static string[] Cells(SqlResult result) => [.. result.Names.Select((_, i) => RowLayout.OneLine(result.Text(i) ?? ""))];
}
