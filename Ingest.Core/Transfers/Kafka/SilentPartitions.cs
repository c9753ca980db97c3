using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// Asks brokers what they hold of partitions that were assigned, and keeps those of which no broker says it (it is down, and there is no other replica). Reading one without knowing could hide a lost or
/// re-created topic, so it waits, paused, and is asked for again; the others are read. Used by the poll thread.
/// </summary>
internal sealed class SilentPartitions(KafkaOptions options, TimeProvider time, ILogger log, CancellationToken stop)
{
    // While others are read: a broker that hangs takes all of it, and polling waits.
    private static readonly TimeSpan s_askingMax = TimeSpan.FromMilliseconds(500);

    // Asking takes a tenth of the time at most: of a leader that is just being chosen the client knows at once that there is none yet.
    private const int Rest = 10;

    // What a partition is given when those before it have used up the time.
    private static readonly TimeSpan s_least = TimeSpan.FromMilliseconds(250);

    // All are asked for together first, twice, each for this part of the time: should one broker hang, most of it is left for the partitions of the others.
    private const int Together = 8;

    private readonly Queue<TopicPartition> _silent = [];
    private long _askedAt;
    private TimeSpan _rest;

    /// <summary>Those that wait. From any thread.</summary>
    public IReadOnlyCollection<TopicPartition> All { get => Volatile.Read(ref field); private set => Volatile.Write(ref field, value); } = [];

    /// <summary>Some wait, and it is time to ask for them.</summary>
    public bool AreDue => _silent.Count > 0 && time.GetElapsedTime(_askedAt) >= _rest;

    /// <summary>What brokers hold of partitions that have just been assigned; those of which nobody says it wait from now on.</summary>
    /// <exception cref="OperationCanceledException">The worker is to end.</exception>
    public List<PartitionBounds> Ask(IConsumer<Ignore, Ignore> consumer, IReadOnlyCollection<TopicPartition> assigned)
    {
        List<PartitionBounds> told = [];
        var started = time.GetTimestamp();
        var known = HeldOffsets.Ask(consumer, assigned, options.BoundsTimeout / Together);
        foreach (var source in assigned)
        {
            if (known.TryGetValue(source, out var held))
            {
                told.Add(held);
                continue;
            }

            stop.ThrowIfCancellationRequested();
            var left = options.BoundsTimeout - time.GetElapsedTime(started);
            var hasTime = left > -options.BoundsTimeout;
            if (hasTime && Ask(consumer, source, left > s_least ? left : s_least) is { } bounds) told.Add(bounds);
            else _silent.Enqueue(source);
        }

        if (_silent.Count == 0) return told;
        RestAfter(started);
        All = [.. All.Union(_silent)];
        return told;
    }

    /// <summary>Asks again for those that wait, for a moment. Those of which brokers say now what they hold; they count as waiting until <see cref="Tell"/>.</summary>
    public List<TopicPartition> AskAgain(IConsumer<Ignore, Ignore> consumer)
    {
        List<TopicPartition> told = [];
        var started = time.GetTimestamp();
        for (var i = _silent.Count; i > 0 && time.GetElapsedTime(started) < s_askingMax; i--)
        {
            var source = _silent.Dequeue();
            if (Ask(consumer, source, s_askingMax) is null) _silent.Enqueue(source);
            else told.Add(source);
        }

        RestAfter(started);
        return told;
    }

    /// <summary>They are another worker's.</summary>
    public void Forget(IReadOnlyCollection<TopicPartition> leaving)
    {
        for (var i = _silent.Count; i > 0; i--)
        {
            var source = _silent.Dequeue();
            if (!leaving.Contains(source)) _silent.Enqueue(source);
        }

        Tell();
    }

    /// <summary>Who waits now. To be called when the sink knows of those that do not wait any more: in between nobody would, and a worker would take itself for caught up.</summary>
    public void Tell()
    {
        if (All.Count + _silent.Count > 0) All = [.. _silent];
    }

    private void RestAfter(long started)
    {
        _askedAt = time.GetTimestamp();
        var took = time.GetElapsedTime(started, _askedAt);
        _rest = took < s_askingMax ? took * Rest : s_askingMax * Rest;
        if (_rest < options.PollTimeout) _rest = options.PollTimeout;
    }

    private PartitionBounds? Ask(IConsumer<Ignore, Ignore> consumer, TopicPartition source, TimeSpan wait)
    {
        try
        {
            var held = consumer.QueryWatermarkOffsets(source.ToClient(), wait);
            return new PartitionBounds(source, held.Low.Value, held.High.Value);
        }
        catch (KafkaException e)
        {
            if (!All.Contains(source)) log.BoundsUnknown(source, e.Error.Reason);
            return null;
        }
    }
}
