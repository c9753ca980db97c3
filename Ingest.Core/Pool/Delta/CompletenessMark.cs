using Ingest.Core.Transfers;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// "Everything that the department published before <paramref name="BeforeMs"/> is in version <paramref name="Version"/> of this table": as a row, as a
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
/// The mark is the earliest of all partitions. Rule 1 is what keeps a partition that nobody writes to from holding it back.
/// </remarks>
/// <param name="BeforeMs">Milliseconds since 1970 UTC; 0 when nothing can be said.</param>
/// <param name="HeldBackBy">The partition that the mark waits for; null when all were read to their ends.</param>
/// <param name="LateMs">What was taken off for timestamps out of order, at <paramref name="HeldBackBy"/>.</param>
public sealed record CompletenessMark(string Department, long Version, long BeforeMs, TopicPartition? HeldBackBy, long LateMs, long GivenUp)
{
    /// <param name="bounds">What the brokers held when they were asked; null when they were not.</param>
    /// <param name="askedAtMs">Before that they were asked, milliseconds since 1970 UTC.</param>
    public static IReadOnlyList<CompletenessMark> Of(Ledger ledger, IReadOnlyDictionary<TopicPartition, PartitionBounds>? bounds, long askedAtMs)
    {
        var marks = new List<CompletenessMark>();
        foreach (var department in ledger.Lines.Where(l => !l.IsReplay).GroupBy(l => l.Department, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var known = department.GroupBy(l => l.Source).ToDictionary(g => g.Key, g => g.Last());
            var topics = department.Select(l => l.Source.Topic).ToHashSet(StringComparer.Ordinal);

            // Partitions of the same topics that the table never took anything of: nothing is known of them but what the brokers say.
            var silent = bounds?.Where(b => topics.Contains(b.Key.Topic) && !known.ContainsKey(b.Key)).Select(b => (b.Key, BeforeMs: b.Value.End > b.Value.Start ? 0 : askedAtMs, Late: 0L)) ?? [];
            var (source, before, late) = known.Values.Select(l => Judge(l, bounds, askedAtMs)).Concat(silent).MinBy(m => m.BeforeMs);
            marks.Add(new CompletenessMark(department.Key, ledger.Version, before, bounds is not null && before == askedAtMs ? null : source, late, department.Sum(l => l.GivenUp)));
        }

        return marks;
    }

    private static (TopicPartition Source, long BeforeMs, long Late) Judge(LedgerLine line, IReadOnlyDictionary<TopicPartition, PartitionBounds>? bounds, long askedAtMs)
    {
        if (bounds is not null && bounds.TryGetValue(line.Source, out var held) && held.End == line.Range.To) return (line.Source, askedAtMs, 0);
        return (line.Source, line.Published.UntilMs == 0 ? 0 : line.Published.UntilMs - line.Published.LateMs, line.Published.LateMs);
    }
}
