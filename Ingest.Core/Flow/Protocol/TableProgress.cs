using System.Collections.Immutable;
using Ingest.Core.Batching;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Protocol;

/// <summary>
/// How far one table has come with each partition: what is committed, what was taken into batches, and the open account of what became of every
/// record since the last seal. Ranges may only be joined where they touch; a gap or overlap throws here, long before it could be committed.
/// Owned by the control loop.
/// </summary>
public sealed class TableProgress
{
    private readonly Dictionary<TopicPartition, Entry> _partitions = [];
    private readonly List<Entry> _open = [];

    /// <summary>Accounts since the last seal, whether or not a record came of them.</summary>
    public int OpenAccounts => _open.Count;

    /// <summary>Starts to follow a partition: the table has everything below <paramref name="offset"/>.</summary>
    public void Follow(CommitRight right, string department, long offset) =>
        _partitions[right.Source] = new Entry(right, department) { CommittedTo = offset, SealedTo = offset, TakenTo = offset };

    public void Forget(TopicPartition source) => _partitions.Remove(source);

    public bool Follows(TopicPartition source) => _partitions.ContainsKey(source);

    /// <summary>First offset that this table has not taken yet; records below it are skipped.</summary>
    public long TakenTo(TopicPartition source) => _partitions[source].TakenTo;

    /// <summary>First offset that this table has not committed yet.</summary>
    public long CommittedTo(TopicPartition source) => _partitions[source].CommittedTo;

    /// <summary>
    /// Opens (or goes on with) the partition's account up to the end of the range. Returns its ordinal among the open accounts, or -1 when the
    /// table already has all of the range.
    /// </summary>
    /// <exception cref="OffsetsDoNotTouchException">The range starts beyond what was taken.</exception>
    public int Take(OffsetRange range, CommitRight right, PublishedSpan published)
    {
        var entry = _partitions[right.Source];
        if (!ReferenceEquals(entry.Right, right)) throw new InvalidOperationException($"{right.Source} is taken under another right than it is followed under.");
        if (range.To <= entry.TakenTo) return -1;
        if (range.From > entry.TakenTo) throw new OffsetsDoNotTouchException(new OffsetRange(entry.SealedTo, entry.TakenTo), range);
        if (entry.Ordinal < 0)
        {
            entry.Ordinal = _open.Count;
            _open.Add(entry);
        }

        entry.TakenTo = range.To;
        entry.Published = entry.Published.Then(published);
        return entry.Ordinal;
    }

    /// <summary>
    /// Opens (or goes on with) the partition's account without moving it: for rows found again in offsets that this table already has.
    /// Such an account may stay empty; it moves no offset when it is committed.
    /// </summary>
    public int Revisit(TopicPartition source)
    {
        var entry = _partitions[source];
        if (entry.Ordinal < 0)
        {
            entry.Ordinal = _open.Count;
            _open.Add(entry);
        }

        return entry.Ordinal;
    }

    /// <summary>Adds to an open account.</summary>
    /// <param name="hours">The same by the hour in which the transfers were published; empty where that is not kept.</param>
    public void Count(int ordinal, long written, long duplicates, long quarantined, IReadOnlyList<PublishedHour> hours)
    {
        var entry = _open[ordinal];
        entry.Written += written;
        entry.Duplicates += duplicates;
        entry.Quarantined += quarantined;
        foreach (var hour in hours) PublishedHour.Add(entry.Hours, hour);
    }

    /// <summary>Closes all open accounts: they are now in flight.</summary>
    public ImmutableArray<RangeAccount> Seal()
    {
        var accounts = ImmutableArray.CreateBuilder<RangeAccount>(_open.Count);
        foreach (var entry in _open)
        {
            accounts.Add(entry.Account());
            entry.Close();
        }

        _open.Clear();
        return accounts.MoveToImmutable();
    }

    /// <summary>The accounts are in the table.</summary>
    public void Committed(IEnumerable<RangeAccount> accounts)
    {
        foreach (var account in accounts)
        {
            if (_partitions.TryGetValue(account.Source, out var entry) && ReferenceEquals(entry.Right, account.Right)) entry.CommittedTo = account.Range.To;
        }
    }

    /// <summary>Forgets everything; what was taken and not committed is read again.</summary>
    public void Reset()
    {
        _partitions.Clear();
        _open.Clear();
    }

    private sealed class Entry(CommitRight right, string department)
    {
        public CommitRight Right { get; } = right;
        public long CommittedTo { get; set; }
        public long SealedTo { get; set; }
        public long TakenTo { get; set; }
        public int Ordinal { get; set; } = -1;
        public long Written { get; set; }
        public long Duplicates { get; set; }
        public long Quarantined { get; set; }
        public PublishedSpan Published { get; set; }
        public List<PublishedHour> Hours { get; } = [];

        public RangeAccount Account() => new()
        {
            Right = Right,
            Department = department,
            Range = new OffsetRange(SealedTo, TakenTo),
            Records = Written + Duplicates + Quarantined,
            Written = Written,
            Duplicates = Duplicates,
            Quarantined = Quarantined,
            PublishedUntilMs = Published.UntilMs,
            PublishedFromMs = Published.FromMs,
            LateMs = Published.LateMs,
            Hours = [.. Hours],
        };

        public void Close()
        {
            SealedTo = TakenTo;
            Ordinal = -1;
            Written = Duplicates = Quarantined = 0;
            Published = default;
            Hours.Clear();
        }
    }
}
