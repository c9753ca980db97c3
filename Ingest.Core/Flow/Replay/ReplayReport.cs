namespace Ingest.Core.Flow.Replay;

/// <summary>What a replay did, or would do. Counts are of rows of the quarantine, except where they say records.</summary>
public sealed class ReplayReport
{
    /// <summary>Rows of the quarantine that were looked at.</summary>
    public long Looked { get; internal set; }

    /// <summary>Rows whose record (or transfer) was taken in: it is in its table now, as a new row or as a duplicate of one.</summary>
    public long TakenIn { get; internal set; }

    /// <summary>Records that became new rows of tables. More than rows taken in, when whole transfers were.</summary>
    public long RecordsWritten { get; internal set; }

    /// <summary>Records that were in their tables already.</summary>
    public long RecordsDuplicate { get; internal set; }

    /// <summary>Records of transfers taken in that are refused for reasons of their own, and are in the quarantine now with these.</summary>
    public long RecordsRefusedAnew { get; internal set; }

    /// <summary>Rows that stay in the quarantine, by what is wrong with them now.</summary>
    public SortedDictionary<string, long> StillRefused { get; } = new(StringComparer.Ordinal);

    /// <summary>Versions that were committed, as table and version.</summary>
    public List<(string Table, long Version)> Commits { get; } = [];

    /// <summary>Adds what another one did.</summary>
    public void Add(ReplayReport other)
    {
        Looked += other.Looked;
        TakenIn += other.TakenIn;
        RecordsWritten += other.RecordsWritten;
        RecordsDuplicate += other.RecordsDuplicate;
        RecordsRefusedAnew += other.RecordsRefusedAnew;
        Commits.AddRange(other.Commits);
        foreach (var (why, count) in other.StillRefused) StillRefused[why] = StillRefused.GetValueOrDefault(why) + count;
    }

    internal void Refuse(string why) => StillRefused[why] = StillRefused.GetValueOrDefault(why) + 1;
}
