using System.Text.Json;

namespace Ingest.Worker.Demo;

/// <summary>Which plans were published into a pool, and how often: what a pool should hold is the union of them all. Kept in <c>demo.json</c> beside the tables.</summary>
internal sealed class DemoHistory
{
    private static readonly JsonSerializerOptions s_options = new() { WriteIndented = true };

    private readonly string _file;

    private DemoHistory(string file, List<Entry> entries)
    {
        _file = file;
        Entries = entries;
    }

    public List<Entry> Entries { get; }

    public static DemoHistory Open(string pool)
    {
        var file = Path.Combine(pool, "demo.json");
        return new DemoHistory(file, File.Exists(file) ? JsonSerializer.Deserialize<List<Entry>>(File.ReadAllText(file)) ?? [] : []);
    }

    /// <summary>Written down before the first transfer is published, so that an interrupted run is known to have happened.</summary>
    public void Add(CityPlan plan)
    {
        var known = Entries.FindIndex(e => e.Plan == plan);
        if (known < 0) Entries.Add(new Entry(plan, 1));
        else Entries[known] = Entries[known] with { Times = Entries[known].Times + 1 };
        Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
        File.WriteAllText(_file, JsonSerializer.Serialize(Entries, s_options) + "\n");
    }

    internal sealed record Entry(CityPlan Plan, int Times);
}
