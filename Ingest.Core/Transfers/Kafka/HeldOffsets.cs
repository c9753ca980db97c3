using Confluent.Kafka;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// What brokers hold of many partitions, asked in one request to each broker instead of two for each partition: a worker with two thousand partitions would ask for seconds before it reads.
/// </summary>
internal static class HeldOffsets
{
    // ListOffsets takes these in place of a time: https://kafka.apache.org/protocol#The_Messages_ListOffsets
    private const long Latest = -1, Earliest = -2;

    /// <summary>
    /// The bounds of all partitions of which brokers say them. It may be none: when one broker does not answer in time, nothing is known of the others either, and each partition has to be asked for by itself.
    /// </summary>
    public static Dictionary<TopicPartition, PartitionBounds> Ask(IConsumer<Ignore, Ignore> consumer, IReadOnlyCollection<TopicPartition> partitions, TimeSpan wait)
    {
        var bounds = new Dictionary<TopicPartition, PartitionBounds>();
        if (partitions.Count < 2) return bounds;
        var starts = Ask(consumer, partitions, Earliest, wait);
        if (starts.Count == 0) return bounds;
        var ends = Ask(consumer, partitions, Latest, wait);
        foreach (var (source, start) in starts)
        {
            if (ends.TryGetValue(source, out var end)) bounds.Add(source, new PartitionBounds(source, start, end));
        }

        return bounds;
    }

    /// <summary>The same, of ends alone.</summary>
    public static Dictionary<TopicPartition, long> Ends(IConsumer<Ignore, Ignore> consumer, IReadOnlyCollection<TopicPartition> partitions, TimeSpan wait) => Ask(consumer, partitions, Latest, wait);

    private static Dictionary<TopicPartition, long> Ask(IConsumer<Ignore, Ignore> consumer, IReadOnlyCollection<TopicPartition> partitions, long which, TimeSpan wait)
    {
        var question = partitions.Select(p => new TopicPartitionTimestamp(p.Topic, p.Partition, new Timestamp(which, TimestampType.NotAvailable)));
        try
        {
            return Known(consumer.OffsetsForTimes(question, wait).Select(o => (o.TopicPartition, o.Offset)));
        }
        catch (TopicPartitionOffsetException some)
        {
            return Known(some.Results.Where(r => !r.Error.IsError).Select(r => (r.TopicPartition, r.Offset)));
        }
        catch (KafkaException)
        {
            return []; // whoever asks for each says why
        }
    }

    private static Dictionary<TopicPartition, long> Known(IEnumerable<(Confluent.Kafka.TopicPartition Partition, Offset Offset)> answers) =>
        answers.Where(a => a.Offset.Value >= 0).ToDictionary(a => a.Partition.ToSource(), a => a.Offset.Value);
}
