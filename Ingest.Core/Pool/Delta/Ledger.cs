using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Core.Pool.Delta;

/// <summary>A table's account of every offset, added up from its commits.</summary>
/// <param name="Version">The newest commit that was read; -1 when there was none.</param>
/// <param name="Lines">One a topic-partition, in order.</param>
/// <param name="Hours">The records by department and hour of publication, in order.</param>
/// <param name="Problems">Gaps, overlaps, sums that do not add up; empty when all is well.</param>
public sealed record Ledger(long Version, IReadOnlyList<LedgerLine> Lines, IReadOnlyList<LedgerHour> Hours, IReadOnlyList<string> Problems)
{
    /// <summary>Operation of an entry that gives offsets up.</summary>
    public const string GapOperation = "ACCEPT GAP";

    /// <summary>Reads every entry that the log still has.</summary>
    public static async ValueTask<Ledger> ReadAsync(IObjectStore table, CancellationToken cancellation)
    {
        var lines = new Dictionary<string, LedgerLine>(StringComparer.Ordinal);
        var hours = new SortedDictionary<(string Department, long Hour), LedgerHour>();
        var problems = new List<string>();
        var last = -1L;
        await foreach (var (version, actions) in LogReader.RetainedAsync(table, cancellation))
        {
            last = version;
            var txns = actions.OfType<LogAction.Txn>().ToDictionary(t => t.AppId, t => t.Version, StringComparer.Ordinal);
            foreach (var (range, isGap) in actions.OfType<LogAction.Info>().SelectMany(i => i.Content.Ranges.Select(r => (r, i.Content.Operation == GapOperation))))
            {
                Check(range, version, txns, problems);
                lines[range.AppId] = lines.TryGetValue(range.AppId, out var line) ? line.Add(range, isGap, version, problems) : LedgerLine.First(range, isGap);
                foreach (var hour in range.Hours) AddHour(hours, range, hour);
            }

            foreach (var range in actions.OfType<LogAction.Info>().SelectMany(i => i.Content.FoundAgain))
            {
                CheckSums(range, version, problems);
                lines[range.AppId] = lines.TryGetValue(range.AppId, out var line) ? line.AddFoundAgain(range) : LedgerLine.First(range, isGap: false);
                foreach (var hour in range.Hours) AddHour(hours, range, hour);
            }

            var rows = actions.OfType<LogAction.Add>().Where(a => a.DataChange).Sum(a => Math.Max(0, a.Rows()));
            var written = actions.OfType<LogAction.Info>().Sum(i => i.Content.Ranges.Concat(i.Content.FoundAgain).Sum(r => r.Written));
            if (rows != written && actions.OfType<LogAction.Info>().Any(i => !i.Content.Ranges.IsEmpty))
                problems.Add($"version {version}: its files have {rows} rows, its accounts {written}.");
        }

        return new Ledger(last, [.. lines.Values.OrderBy(l => l.AppId, StringComparer.Ordinal)], [.. hours.Values], problems);
    }

    private static void Check(CommittedRange range, long version, Dictionary<string, long> txns, List<string> problems)
    {
        CheckSums(range, version, problems);
        if (!txns.TryGetValue(range.AppId, out var next) || next != range.Range.To)
            problems.Add($"version {version}: {range.Source} {range.Range} is not the offset that the entry stores ({next}).");
    }

    private static void CheckSums(CommittedRange range, long version, List<string> problems)
    {
        if (range.Records != range.Written + range.Duplicates + range.Quarantined)
            problems.Add($"version {version}: {range.Source} {range.Range} has {range.Records} records, and {range.Written} + {range.Duplicates} + {range.Quarantined} accounted for.");
        var byHour = range.Hours.Sum(h => h.Written + h.Duplicates + h.Quarantined);
        if (!range.Hours.IsEmpty && byHour != range.Records)
            problems.Add($"version {version}: {range.Source} {range.Range} has {range.Records} records, and {byHour} by the hour.");
    }

    private static void AddHour(SortedDictionary<(string Department, long Hour), LedgerHour> hours, CommittedRange range, in PublishedHour hour)
    {
        var key = (range.Department, hour.StartMs);
        var line = hours.TryGetValue(key, out var known) ? known : new LedgerHour(range.Department, new PublishedHour(hour.StartMs, 0, 0, 0, 0), 0);
        hours[key] = AppId.IsReplay(range.AppId) ? line with { TakenIn = line.TakenIn + hour.Written } : line with { Hour = line.Hour + hour };
    }
}

/// <summary>What became of the records that a department published within one hour.</summary>
/// <param name="TakenIn">Of the quarantined ones, those that became rows by a replay later.</param>
public sealed record LedgerHour(string Department, PublishedHour Hour, long TakenIn)
{
    public long Records => Hour.Written + Hour.Duplicates + Hour.Quarantined;
}

/// <summary>One topic-partition in a table's ledger.</summary>
/// <param name="GivenUp">Offsets that expired unread and were given up by an operator.</param>
/// <param name="Published">The times of all transfers up to the end of <paramref name="Range"/>.</param>
/// <param name="IsWhole">The ranges follow each other without gap or overlap.</param>
public sealed record LedgerLine(
    string AppId, TopicPartition Source, string Department, OffsetRange Range, long Commits, long Records, long Written, long Duplicates, long Quarantined, long GivenUp, PublishedSpan Published, bool IsWhole)
{
    /// <summary>Rows that came by a replay of the quarantine; their offsets count them.</summary>
    public bool IsReplay => Delta.AppId.IsReplay(AppId);

    internal static LedgerLine First(CommittedRange range, bool isGap) => new(
        range.AppId, range.Source, range.Department, range.Range, 1, range.Records, range.Written, range.Duplicates, range.Quarantined, isGap ? range.Range.To - range.Range.From : 0, Span(range), true);

    internal LedgerLine Add(CommittedRange range, bool isGap, long version, List<string> problems)
    {
        var touches = range.Range.From == Range.To;
        if (!touches) problems.Add($"version {version}: {range.Source} {range.Range} does not follow {Range}.");
        return this with
        {
            Department = range.Department.Length > 0 ? range.Department : Department, // a gap may not know it
            Range = new OffsetRange(Range.From, Math.Max(Range.To, range.Range.To)),
            Commits = Commits + 1,
            Records = Records + range.Records,
            Written = Written + range.Written,
            Duplicates = Duplicates + range.Duplicates,
            Quarantined = Quarantined + range.Quarantined,
            GivenUp = GivenUp + (isGap ? range.Range.To - range.Range.From : 0),
            Published = Published.Then(Span(range)),
            IsWhole = IsWhole && touches,
        };
    }

    /// <summary>Rows of offsets that the line covers already.</summary>
    internal LedgerLine AddFoundAgain(CommittedRange range) => this with { Commits = Commits + 1, Records = Records + range.Records, Written = Written + range.Written };

    /// <summary>Entries of earlier versions say only the latest time: their earliest is not known, and taken for the same.</summary>
    private static PublishedSpan Span(CommittedRange range) =>
        new(range.PublishedFromMs > 0 ? range.PublishedFromMs : range.PublishedUntilMs, range.PublishedUntilMs, range.LateMs);
}
