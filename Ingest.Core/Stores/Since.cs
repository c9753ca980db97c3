namespace Ingest.Core.Stores;

/// <summary>
/// A moment, to ask later how long ago it was: the longer of what the monotonic and the wall clock say, for the one may stand still while the machine sleeps, and the other may be set.
/// For limits that may be kept too early and never too late.
/// </summary>
internal readonly record struct Since(long Timestamp, DateTimeOffset Wall)
{
    public static Since Now(TimeProvider time) => new(time.GetTimestamp(), time.GetUtcNow());

    public TimeSpan Elapsed(TimeProvider time)
    {
        var (steady, wall) = (time.GetElapsedTime(Timestamp), time.GetUtcNow() - Wall);
        return steady > wall ? steady : wall;
    }
}
