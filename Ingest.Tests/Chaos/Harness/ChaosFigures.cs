using System.Globalization;

namespace Ingest.Tests.Chaos.Harness;

/// <summary>Faults by kind, with the seconds until everything that had been sent when the fault was over was in the table.</summary>
internal sealed class ChaosFigures
{
    private readonly SortedDictionary<string, List<double>> _kinds = new(StringComparer.Ordinal);

    public int Faults => _kinds.Values.Sum(s => s.Count);

    public void Add(string kind, double seconds)
    {
        if (!_kinds.TryGetValue(kind, out var times)) _kinds.Add(kind, times = []);
        times.Add(seconds);
    }

    public IEnumerable<string> Lines()
    {
        foreach (var (kind, seconds) in _kinds) yield return Line(kind, seconds);
        if (_kinds.Count > 0) yield return Line("all", [.. _kinds.Values.SelectMany(s => s)]);
    }

    private static string Line(string kind, List<double> seconds)
    {
        seconds.Sort();
        return string.Create(CultureInfo.InvariantCulture, $"{kind,-14} {seconds.Count,4} times, all there again after p50 {At(seconds, 0.5):F1} s, p99 {At(seconds, 0.99):F1} s, at most {seconds[^1]:F1} s");
    }

    private static double At(List<double> sorted, double quantile) => sorted[(int)Math.Min(sorted.Count - 1, quantile * sorted.Count)];
}
