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
    /// <summary>Longer than a broker takes to be replaced by another.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>A sentence for each such partition; the first time it is logged too.</summary>
    /// <param name="isHeldBack">The worker itself takes nothing more just now.</param>
    public IReadOnlyList<string> Look(IReadOnlyCollection<PartitionState> partitions, bool isHeldBack)
    {
        List<string>? unread = null;
        var waiting = 0L;
        foreach (var partition in partitions) waiting += Waiting(partition);
        foreach (var partition in partitions)
        {
            var own = Waiting(partition);
            if (isHeldBack || own == 0 || waiting - own > busyTransfers || partition.StandsAt != partition.NextOffset)
            {
                (partition.StandsAt, partition.StandsSince, partition.IsTold) = (partition.NextOffset, time.GetTimestamp(), false);
                continue;
            }

            var age = time.GetElapsedTime(partition.StandsSince);
            if (age < Patience) continue;
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
