using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>A partition that this worker owns, as the control loop sees it.</summary>
internal sealed class PartitionState(TopicPlan topic, PartitionBounds bounds)
{
    private double _transferBytes;

    public TopicPlan Topic { get; } = topic;

    public TopicPartition Source => bounds.Source;

    /// <summary>Where the partition ended when it was assigned.</summary>
    public long EndAtAssignment => bounds.End;

    public PartitionBounds Bounds => bounds;

    /// <summary>The right under which it is read now; null while it is halted.</summary>
    public CommitRight? Right { get; set; }

    /// <summary>First offset not yet taken into any batch.</summary>
    public long NextOffset { get; set; }

    /// <summary>Lowest offset that some table still lacks.</summary>
    public long CommittedTo { get; set; }

    /// <summary>End of the partition as last heard of.</summary>
    public long KnownEnd { get; set; } = bounds.End;

    /// <summary>Transfers that are in Kafka and were not taken yet, as far as is known.</summary>
    public long Waiting => Math.Max(0, KnownEnd - NextOffset);

    /// <summary>What those weigh, if they are like the last ones.</summary>
    public double WaitingBytes => Waiting * _transferBytes;

    /// <summary>Being handed over: nothing more is taken, what is open is committed.</summary>
    public bool IsDraining { get; set; }

    /// <summary>Why it is read no more; null while it is.</summary>
    public string? HaltedBecause { get; set; }

    /// <summary>Takes note of what transfers weigh here, the last eight chunks or so.</summary>
    public void Weigh(ReadOnlySpan<Transfer> taken)
    {
        if (taken.IsEmpty) return;
        var bytes = ((double)taken[^1].Start + taken[^1].Length - taken[0].Start) / taken.Length;
        _transferBytes = _transferBytes == 0 ? bytes : _transferBytes + ((bytes - _transferBytes) / 8);
    }

    /// <summary>For <see cref="UnreadWatch"/>: where it stood when that looked last, since when (timestamp), and whether that was told.</summary>
    public long StandsAt { get; set; } = -1;

    public long StandsSince { get; set; }

    /// <summary>For the same: how long it has stood while others moved.</summary>
    public TimeSpan PassedOver { get; set; }

    public bool IsTold { get; set; }
}
