namespace Ingest.Core.Pool.Delta;

/// <summary>
/// How often a checkpoint is due. Writing one costs in proportion to the table's files, and each commit that lies behind the newest one costs a start one read: so the interval doubles
/// with the table, up to sixteen times. Powers of two keep all workers at the same versions, whatever each has counted.
/// </summary>
internal static class CheckpointRule
{
    /// <summary>Files for each commit of the interval.</summary>
    private const long FilesPerCommit = 1_000;

    private const int DoublingsMax = 4;

    /// <param name="interval">Commits between checkpoints of a small table.</param>
    /// <param name="liveFiles">Files of the table.</param>
    public static long Interval(int interval, long liveFiles)
    {
        var due = (long)interval;
        for (var i = 0; i < DoublingsMax && due * FilesPerCommit < liveFiles; i++) due *= 2;
        return due;
    }
}
