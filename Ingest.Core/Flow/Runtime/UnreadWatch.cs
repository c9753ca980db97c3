using Ingest.Core.Flow.Telemetry;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// Finds partitions that have transfers and are not read, although nothing holds the worker back: the broker does not answer for one, a producer left a transaction open, or the client
/// has forgotten it. Nothing else would tell: the worker commits what it reads of the others. Owned by the control loop.
/// </summary>
/// <param name="busyTransfers">While more than these wait in other partitions, one may have to wait for its turn.</param>
internal sealed class UnreadWatch(TimeProvider time, ILogger logger, long busyTransfers)
{
    /// <summary>While nothing else has to be read. Longer than a broker takes to be replaced by another.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Of time in which others were read, also under full load: brokers and client take turns, and a turn takes seconds.</summary>
    public static readonly TimeSpan PatienceWhileBusy = TimeSpan.FromMinutes(10);

    private long _lookedAt = time.GetTimestamp();

    /// <summary>A sentence for each such partition; the first time it is logged too. To be asked often.</summary>
    /// <param name="isHeldBack">The worker itself takes nothing more just now.</param>
    public IReadOnlyList<string> Look(IReadOnlyCollection<PartitionState> partitions, bool isHeldBack)
    {
        List<string>? unread = null;
        var waiting = 0L;
        var (now, moved) = (time.GetTimestamp(), false);
        foreach (var partition in partitions)
        {
            waiting += Waiting(partition);
            moved |= partition.StandsAt != partition.NextOffset;
        }

        var passed = moved ? time.GetElapsedTime(_lookedAt, now) : TimeSpan.Zero;
        _lookedAt = now;
        foreach (var partition in partitions)
        {
            var own = Waiting(partition);
            var isRead = own == 0 || partition.StandsAt != partition.NextOffset;
            if (isRead) (partition.StandsAt, partition.PassedOver, partition.IsTold) = (partition.NextOffset, TimeSpan.Zero, false);
            else partition.PassedOver += passed;
            if (isRead || isHeldBack || waiting - own > busyTransfers) partition.StandsSince = now;
            var stood = time.GetElapsedTime(partition.StandsSince, now);
            if (stood < Patience && partition.PassedOver < PatienceWhileBusy) continue;
            var age = stood > partition.PassedOver ? stood : partition.PassedOver;
            var why = $"{partition.Source} has stood at offset {partition.NextOffset} of {partition.KnownEnd} for {age.TotalSeconds:F0} s: its broker does not answer, or a producer's transaction is open. If neither, restart this worker.";
            (unread ??= []).Add(why);
            if (partition.IsTold) continue;
            partition.IsTold = true;
            Log.Unread(logger, why);
        }

        return unread ?? [];
    }

    private static long Waiting(PartitionState partition) =>
        partition.HaltedBecause is not null || partition.IsDraining ? 0 : Math.Max(0, partition.KnownEnd - partition.NextOffset);
}
