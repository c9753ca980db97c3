using System.Text.Json;
using Ingest.Core;

namespace Ingest.Worker.Demo;

/// <summary>
/// Which plans were published into a pool, and how often to the end: what a pool should hold is the union of them all. Kept in <c>demo.json</c> beside the tables.
/// </summary>
internal sealed class DemoHistory
{
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

    public static DemoHistory Open(string pool)
    {
        var file = Path.Combine(pool, "demo.json");
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

    /// <summary>Replaces the file whole: a run may be killed at any moment.</summary>
    private void Save()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
        File.WriteAllText(_file + ".new", JsonSerializer.Serialize(_entries, s_options) + "\n");
        File.Move(_file + ".new", _file, overwrite: true);
    }

    private sealed record Entry(CityPlan Plan, string Source, bool IsFinished);
}
