namespace Ingest.Perf;

/// <summary>RESULTS.md: each command writes its own section of it, between markers, and leaves the others alone.</summary>
internal static class ResultsFile
{
    /// <summary>Puts <paramref name="content"/> where the section stands, or at the end when there is none.</summary>
    public static async Task WriteSectionAsync(string path, string section, string content, CancellationToken cancellation)
    {
        var page = File.Exists(path) ? await File.ReadAllTextAsync(path, cancellation).ConfigureAwait(false) : "# Results\n";
        await File.WriteAllTextAsync(path, WithSection(page, section, content), cancellation).ConfigureAwait(false);
    }

    internal static string WithSection(string page, string section, string content)
    {
        var (begin, end) = ($"<!-- {section} -->", $"<!-- /{section} -->");
        var text = $"{begin}\n{content.Trim('\n')}\n{end}";
        var from = page.IndexOf(begin, StringComparison.Ordinal);
        var to = page.IndexOf(end, StringComparison.Ordinal);
        return from < 0 || to < from ? $"{page.TrimEnd('\n')}\n\n{text}\n" : page[..from] + text + page[(to + end.Length)..];
    }
}
