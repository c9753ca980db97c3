using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>Stops partitions that must not be read on though the client would: what comes next is gone, or their topic is another one by now. Of the polling thread.</summary>
internal sealed class LoudStops(IConsumer<Ignore, Ignore> consumer, Intake intake, Pauses pauses, ITransferSink sink, KafkaOptions options, ILogger log)
{
    /// <summary>The offset that comes next is not in the log.</summary>
    public void LostPlace(PartitionState partition, Error error) => Stop(
        partition,
        $"{partition.Source}: offset {partition.Builder.Next} is not in the broker's log ({error.Reason}). Transfers were deleted before they were read, or the topic was created anew. Nothing was skipped; decide how to go on.",
        topicId: null);

    /// <summary>What lies at an offset cannot be read.</summary>
    public void Unreadable(PartitionState partition, long offset, Error error)
    {
        var source = partition.Source;
        Stop(
            partition,
            $"{source}: what the broker holds at offset {Math.Max(offset, partition.Builder.Next)} cannot be read ({error.Reason.TrimEnd('.')}). Its log is damaged, or was written by a newer Kafka. Nothing was skipped. Bring a sound replica of the partition to lead it, and restart the worker; " +
            $"or ask the department to send again what was there, and give it up with: pool accept-gap --topic {source.Topic} --partition {source.Partition} --to (the first offset behind it).",
            topicId: null);
    }

    /// <summary>A topic that is not the one that was assigned, though it has the name, is read no more.</summary>
    /// <param name="ids">Of topics, as they are now.</param>
    public void Compare(IReadOnlyDictionary<string, string> ids)
    {
        if (ids.Count == 0) return;
        foreach (var partition in intake.Partitions.Where(p => !p.IsHalted).ToList())
        {
            if (partition.Right.TopicId is not { } id || !ids.TryGetValue(partition.Source.Topic, out var now) || now == id) continue;
            Stop(partition, $"{partition.Source}: the topic with id {id} was deleted while it was read, and another one of its name, with id {now}, created.", now);
        }
    }

    /// <summary>Takes no more of a partition, as the sink wishes.</summary>
    public void Halt(PartitionState partition)
    {
        // Stopped by us already: what was taken before is the sink's.
        if (partition.IsHalted) return;
        intake.Halt(partition);
        pauses.Pause([partition.Source.ToClient()]);
    }

    /// <param name="topicId">The id that the topic has now, if that is known.</param>
    private void Stop(PartitionState partition, string why, string? topicId)
    {
        // Told again, in other words: the first ones count.
        if (partition.IsHalted) return;
        var held = Held(partition.Source);
        log.Faulted(partition.Source, why);
        intake.Finish(partition);
        pauses.Pause([partition.Source.ToClient()]);
        sink.Faulted(partition.Right, partition.Builder.Next, held is { } bounds ? bounds with { TopicId = topicId } : null, why);
    }

    /// <summary>What the broker holds now, for the message; not worth waiting for when it does not answer.</summary>
    private PartitionBounds? Held(TopicPartition source)
    {
        try
        {
            var held = consumer.QueryWatermarkOffsets(source.ToClient(), options.BoundsTimeout);
            return new PartitionBounds(source, held.Low.Value, held.High.Value);
        }
        catch (KafkaException e)
        {
            log.BoundsUnknown(source, e.Error.Reason);
            return null;
        }
    }
}
