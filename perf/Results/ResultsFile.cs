using System.Text;

namespace Ingest.Perf.Results;

/// <summary>
/// RESULTS.md: sections, each between two markers and written whole by the command that measured it. What stands outside of the markers is written by hand and stays.
/// </summary>
internal static class ResultsFile
{
    /// <summary>Where it is, seen from the root of the repository.</summary>
    public static readonly string DefaultPath = Path.Combine("perf", "RESULTS.md");

    /// <summary>Writes a section in the place of the one of the same name, or at the end.</summary>
    /// <param name="section">Lower-case words; the name in the markers.</param>
    /// <param name="body">Markdown, beginning with its heading.</param>
    public static void Put(string path, string section, string body)
    {
        var text = File.Exists(path) ? File.ReadAllText(path) : "# Results\n";
        var (begin, end) = ($"<!-- {section} -->\n", $"<!-- /{section} -->\n");
        var written = $"{begin}{body.TrimEnd()}\n{end}";
        var (from, to) = (text.IndexOf(begin, StringComparison.Ordinal), text.IndexOf(end, StringComparison.Ordinal));
        text = from >= 0 && to > from ? string.Concat(text.AsSpan(0, from), written, text.AsSpan(to + end.Length)) : $"{text.TrimEnd()}\n\n{written}";
        File.WriteAllText(path, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        Console.WriteLine($"Written: section '{section}' of {path}");
    }
}
