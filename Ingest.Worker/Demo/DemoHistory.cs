using System.Text.Json;
using Ingest.Core;
using Ingest.Worker.Commands;

namespace Ingest.Worker.Demo;

/// <summary>
/// Which plans were published into a pool, and how often to the end: what a pool should hold is the union of them all. Kept in <c>demo.json</c> beside the tables.
/// </summary>
internal sealed class DemoHistory
{
    /// <summary>Ending of the file while it is being written.</summary>
    private const string New = ".new";

    private static readonly JsonSerializerOptions s_options = new() { WriteIndented = true };

    private readonly string _file;
    private readonly List<Entry> _entries;

    private DemoHistory(string file, List<Entry> entries)
    {
        _file = file;
        _entries = entries;
    }

    /// <summary>Each plan once, in order of its first run.</summary>
    public IReadOnlyList<CityPlan> Plans => [.. _entries.Select(e => e.Plan).Distinct()];

    /// <summary>The source names, as in the quarantine, of runs that published everything.</summary>
    public IReadOnlyList<string> FinishedSources => [.. _entries.Where(e => e.IsFinished).Select(e => e.Source)];

    public int TimesFinished(CityPlan plan) => _entries.Count(e => e.Plan == plan && e.IsFinished);

    /// <summary>Why the demo must not write there, as the end of a sentence; null when it may. Made-up rows among a department's would be there for good.</summary>
    public static string? WhyNot(string pool)
    {
        if (File.Exists(pool)) return "which is a file. Give a folder.";
        if (!Directory.Exists(pool)) return null;
        try
        {
            if (File.Exists(FileIn(pool)))
            {
                Open(pool);
                return null;
            }

            // A run that was killed before its first transfer may have left only this.
            var unsaved = FileIn(pool) + New;
            return Directory.EnumerateFileSystemEntries(pool).Where(e => e != unsaved).Order(StringComparer.Ordinal).FirstOrDefault() is { } other
                ? $"which holds what no demo made, such as '{Path.GetFileName(other)}'. Give a new folder, or none for ./demo-pool."
                : null;
        }
        catch (JsonException other)
        {
            return $"whose demo.json no demo wrote ({other.Message}). Give a new folder, or none for ./demo-pool.";
        }
        catch (Exception cannot) when (cannot is IOException or UnauthorizedAccessException)
        {
            return $"which cannot be read: {FileArguments.Reason(cannot)}. Give another folder.";
        }
    }

    public static DemoHistory Open(string pool)
    {
        var file = FileIn(pool);
        return new DemoHistory(file, File.Exists(file) ? JsonSerializer.Deserialize<List<Entry>>(File.ReadAllText(file)) ?? [] : []);
    }

    /// <summary>Written down before the first transfer is published, so that a run that is interrupted is known to have happened. Returns the run's source name.</summary>
    public string Begin(CityPlan plan)
    {
        var source = $"demo-{IdSource.System.Next():N}";
        _entries.Add(new Entry(plan, source, IsFinished: false));
        Save();
        return source;
    }

    /// <summary>The run has published everything, and all of it is committed.</summary>
    public void Finish(string source)
    {
        var at = _entries.FindIndex(e => e.Source == source);
        _entries[at] = _entries[at] with { IsFinished = true };
        Save();
    }

    private static string FileIn(string pool) => Path.Combine(pool, "demo.json");

    /// <summary>Replaces the file whole: a run may be killed at any moment.</summary>
    private void Save()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
        File.WriteAllText(_file + New, JsonSerializer.Serialize(_entries, s_options) + "\n");
        File.Move(_file + New, _file, overwrite: true);
    }

    private sealed record Entry(CityPlan Plan, string Source, bool IsFinished);
}
