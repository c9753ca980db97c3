using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Core.Pool.Delta;

/// <summary>A table's account of every offset, added up from its commits.</summary>
/// <param name="Lines">One a topic-partition, in order.</param>
/// <param name="Problems">Gaps, overlaps, sums that do not add up; empty when all is well.</param>
public sealed record Ledger(IReadOnlyList<LedgerLine> Lines, IReadOnlyList<string> Problems)
{
    /// <summary>Operation of an entry that gives offsets up.</summary>
    public const string GapOperation = "ACCEPT GAP";

    /// <summary>Reads every entry that the log still has.</summary>
    public static async ValueTask<Ledger> ReadAsync(IObjectStore table, CancellationToken cancellation)
    {
        var lines = new Dictionary<string, LedgerLine>(StringComparer.Ordinal);
        var problems = new List<string>();
        await foreach (var (version, actions) in LogReader.RetainedAsync(table, cancellation))
        {
            var txns = actions.OfType<LogAction.Txn>().ToDictionary(t => t.AppId, t => t.Version, StringComparer.Ordinal);
            foreach (var (range, isGap) in actions.OfType<LogAction.Info>().SelectMany(i => i.Content.Ranges.Select(r => (r, i.Content.Operation == GapOperation))))
            {
                if (range.Records != range.Written + range.Duplicates + range.Quarantined)
                    problems.Add($"version {version}: {range.Source} {range.Range} has {range.Records} records, and {range.Written} + {range.Duplicates} + {range.Quarantined} accounted for.");
                if (!txns.TryGetValue(range.AppId, out var next) || next != range.Range.To)
                    problems.Add($"version {version}: {range.Source} {range.Range} is not the offset that the entry stores ({next}).");
                lines[range.AppId] = lines.TryGetValue(range.AppId, out var line) ? line.Add(range, isGap, version, problems) : LedgerLine.First(range);
            }

            var rows = actions.OfType<LogAction.Add>().Where(a => a.DataChange).Sum(a => Math.Max(0, a.Rows()));
            var written = actions.OfType<LogAction.Info>().Sum(i => i.Content.Ranges.Sum(r => r.Written));
            if (rows != written && actions.OfType<LogAction.Info>().Any(i => !i.Content.Ranges.IsEmpty))
                problems.Add($"version {version}: its files have {rows} rows, its accounts {written}.");
        }

        return new Ledger([.. lines.Values.OrderBy(l => l.AppId, StringComparer.Ordinal)], problems);
    }
}

/// <summary>One topic-partition in a table's ledger.</summary>
/// <param name="GivenUp">Offsets that expired unread and were given up by an operator.</param>
/// <param name="IsWhole">The ranges follow each other without gap or overlap.</param>
public sealed record LedgerLine(
    string AppId, TopicPartition Source, string Department, OffsetRange Range, long Commits, long Records, long Written, long Duplicates, long Quarantined, long GivenUp, bool IsWhole)
{
    internal static LedgerLine First(CommittedRange range) =>
        new(range.AppId, range.Source, range.Department, range.Range, 1, range.Records, range.Written, range.Duplicates, range.Quarantined, 0, true);

    internal LedgerLine Add(CommittedRange range, bool isGap, long version, List<string> problems)
    {
        var touches = range.Range.From == Range.To;
        if (!touches) problems.Add($"version {version}: {range.Source} {range.Range} does not follow {Range}.");
        return this with
        {
            Range = new OffsetRange(Range.From, Math.Max(Range.To, range.Range.To)),
            Commits = Commits + 1,
            Records = Records + range.Records,
            Written = Written + range.Written,
            Duplicates = Duplicates + range.Duplicates,
            Quarantined = Quarantined + range.Quarantined,
            GivenUp = GivenUp + (isGap ? range.Range.To - range.Range.From : 0),
            IsWhole = IsWhole && touches,
        };
    }
}
