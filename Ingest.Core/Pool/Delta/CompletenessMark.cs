using Ingest.Core.Transfers;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// "Everything that the department published to the cluster <paramref name="Cluster"/> before <paramref name="BeforeMs"/> is in version <paramref name="Version"/> of this table": as a row, as a
/// counted duplicate, or in quarantine.
/// </summary>
/// <remarks>
/// The rule, for one partition whose offsets the table has up to <c>to</c>:
/// <list type="number">
/// <item>If the brokers were asked and the topic ended at <c>to</c> then, everything published before the moment of asking is there.</item>
/// <item>Else everything published before the latest timestamp below <c>to</c> is there, less the furthest that timestamps of this partition have ever gone back
/// (nothing, where the broker stamps messages as it appends them): as late as the latest so far, a transfer may still come.</item>
/// <item>Offsets that were given up are in no table; a line says how many.</item>
/// </list>
/// The mark is the earliest of all partitions, and those are what the table has, what the brokers say, and what the contracts name: nothing can be said while one of them may hold what was never read.
/// Rule 1 is what keeps a partition that nobody writes to from holding the mark back. Each cluster has marks of its own, for topics of the same name on two of them are two topics.
/// </remarks>
/// <param name="BeforeMs">Milliseconds since 1970 UTC; 0 when nothing can be said.</param>
/// <param name="HeldBackBy">The partition that the mark waits for; null when all were read to their ends. Of a topic that nobody has read or asked for, its first.</param>
/// <param name="LateMs">What was taken off for timestamps out of order, at <paramref name="HeldBackBy"/>.</param>
public sealed record CompletenessMark(string Department, string Cluster, long Version, long BeforeMs, TopicPartition? HeldBackBy, long LateMs, long GivenUp)
{
    /// <summary>The marks of a table, by department and cluster.</summary>
    /// <param name="known">What is known beside the ledger.</param>
    public static IReadOnlyList<CompletenessMark> Of(Ledger ledger, ClusterView known)
    {
        var lines = ledger.Lines.Where(l => !l.IsReplay).ToList();
        return [.. lines.Select(l => Judge(l.Department.Length > 0 ? l : l with { Department = DepartmentOf(l.Source.Topic, ClusterOf(l.AppId), lines, known) ?? "" }, known)).Concat(Untold(lines, known)).Concat(Unread(lines, known))
            .GroupBy(p => (p.Department, p.Cluster)).OrderBy(g => g.Key.Department, StringComparer.Ordinal).ThenBy(g => g.Key.Cluster, StringComparer.Ordinal)
            .Select(g =>
            {
                var first = g.MinBy(p => p.BeforeMs)!;
                var isToTheEnd = known.Ends is not null && first.BeforeMs == known.AskedAtMs;
                return new CompletenessMark(g.Key.Department, g.Key.Cluster, ledger.Version, first.BeforeMs, isToTheEnd ? null : first.Source, first.LateMs, g.Sum(p => p.GivenUp));
            })];
    }

    private static Place Judge(LedgerLine line, ClusterView known)
    {
        var cluster = ClusterOf(line.AppId);
        if (known.IsAtEnd(cluster, line.Source, line.Range.To)) return new Place(line.Department, cluster, line.Source, known.AskedAtMs, 0, line.GivenUp);
        return new Place(line.Department, cluster, line.Source, line.Published.UntilMs == 0 ? 0 : line.Published.UntilMs - line.Published.LateMs, line.Published.LateMs, line.GivenUp);
    }

    /// <summary>Partitions that last moved before the oldest entry that the log still has: how far they are is known, and not up to when.</summary>
    private static IEnumerable<Place> Untold(List<LedgerLine> lines, ClusterView known)
    {
        var told = lines.Select(l => l.AppId).ToHashSet(StringComparer.Ordinal);
        foreach (var (appId, to) in known.Offsets)
        {
            if (told.Contains(appId) || AppId.IsReplay(appId) || !AppId.TryParse(appId, out var cluster, out var source)) continue;

            // A topic that no contract names any more is no longer waited for.
            if (known.Topics.Count > 0 && !known.Topics.ContainsKey(source.Topic)) continue;
            if (DepartmentOf(source.Topic, cluster, lines, known) is { } department)
                yield return new Place(department, cluster, source, known.IsAtEnd(cluster, source, to) ? known.AskedAtMs : 0, 0, 0);
        }
    }

    /// <summary>Partitions that the table never took anything of: nothing is known of them but what the brokers say.</summary>
    private static IEnumerable<Place> Unread(List<LedgerLine> lines, ClusterView known)
    {
        var read = lines.Select(l => l.AppId).Concat(known.Offsets.Keys).ToHashSet(StringComparer.Ordinal);
        if (known.Ends is { } ends)
        {
            foreach (var (source, held) in ends.Where(e => !read.Contains(AppId.For(known.Cluster, e.Key))))
            {
                if (DepartmentOf(source.Topic, known.Cluster, lines, known) is { } department)
                    yield return new Place(department, known.Cluster, source, held.End > held.Start ? 0 : known.AskedAtMs, 0, 0);
            }

            yield break;
        }

        // Nobody was asked whether a topic that nobody has read holds anything.
        var topics = read.Select(id => AppId.TryParse(id, out var cluster, out var source) && cluster == known.Cluster ? source.Topic : "").ToHashSet(StringComparer.Ordinal);
        var departments = lines.Where(l => ClusterOf(l.AppId) == known.Cluster).Select(l => l.Department).ToHashSet(StringComparer.Ordinal);
        foreach (var (topic, department) in known.Topics.Where(t => !topics.Contains(t.Key) && departments.Contains(t.Value)))
            yield return new Place(department, known.Cluster, new TopicPartition(topic, 0), 0, 0, 0);
    }

    private static string? DepartmentOf(string topic, string cluster, List<LedgerLine> lines, ClusterView known) =>
        known.Topics.GetValueOrDefault(topic) ?? lines.Find(l => l.Source.Topic == topic && ClusterOf(l.AppId) == cluster)?.Department;

    private static string ClusterOf(string appId) => AppId.TryParse(appId, out var cluster, out _) ? cluster : "";

    /// <summary>Up to when one partition is there.</summary>
    private sealed record Place(string Department, string Cluster, TopicPartition Source, long BeforeMs, long LateMs, long GivenUp);
}
