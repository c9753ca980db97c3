namespace Ingest.Perf.Index;

/// <summary>What was measured of one table size and order of keys.</summary>
internal sealed class IndexFigures
{
    public required long Keys { get; init; }

    public required bool CarryDates { get; init; }

    public double BytesPerKey { get; set; }

    public int Runs { get; set; }

    public int MappedRuns { get; set; }

    /// <summary>Times that a key is written over its life, the first time included.</summary>
    public double WriteAmplification { get; set; }

    public TimeSpan OpenTime { get; set; }

    public long AnonymousBytes { get; set; }

    /// <summary>Keys a second of each turn: lookup, run, commit, with merges beside them.</summary>
    public List<double> Own { get; } = [];

    public List<double> Rocks { get; } = [];

    /// <summary>Microseconds of processor time a key, of all threads, in each turn, until nothing is left to merge.</summary>
    public List<double> OwnCpu { get; } = [];

    public List<double> RocksCpu { get; } = [];

    public double RocksBytesPerKey { get; set; }

    public ColdFigures? ColdRecent { get; set; }

    public ColdFigures? ColdAll { get; set; }

    public double? WarmAll { get; set; }

    public static double Median(List<double> values)
    {
        if (values.Count == 0) return double.NaN;
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>Lookups of an index none of whose pages was in memory.</summary>
/// <param name="KeysPerSecond">Of the first batch.</param>
/// <param name="PagesPerKey">4 KiB pages read from disk a key.</param>
internal sealed record ColdFigures(double KeysPerSecond, double PagesPerKey, TimeSpan OpenTime);
