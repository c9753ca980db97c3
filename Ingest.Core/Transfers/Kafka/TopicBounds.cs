using Confluent.Kafka;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>Asks the brokers what they hold of topics, without joining a group.</summary>
public static class TopicBounds
{
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(30);

    /// <summary>First and next offset of every partition of the topics; those that do not exist are left out.</summary>
    /// <exception cref="TransferSourceException">The brokers do not answer.</exception>
    public static IReadOnlyDictionary<TopicPartition, PartitionBounds> Read(string brokers, IReadOnlyDictionary<string, string> properties, IReadOnlyCollection<string> topics)
    {
        var config = new Dictionary<string, string>(properties) { ["bootstrap.servers"] = brokers, ["group.id"] = "ingest-bounds", ["enable.auto.commit"] = "false" };
        try
        {
            using var consumer = new ConsumerBuilder<Ignore, Ignore>(config).SetLogHandler(static (_, _) => { }).SetErrorHandler(static (_, _) => { }).Build();
            using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
            var bounds = new Dictionary<TopicPartition, PartitionBounds>();
            foreach (var topic in admin.GetMetadata(s_wait).Topics.Where(t => topics.Contains(t.Topic)))
            {
                foreach (var partition in topic.Partitions)
                {
                    var held = consumer.QueryWatermarkOffsets(new Confluent.Kafka.TopicPartition(topic.Topic, partition.PartitionId), s_wait);
                    var source = new TopicPartition(topic.Topic, partition.PartitionId);
                    bounds[source] = new PartitionBounds(source, held.Low.Value, held.High.Value);
                }
            }

            return bounds;
        }
        catch (Exception e) when (e is KafkaException or InvalidOperationException or ArgumentException)
        {
            throw new TransferSourceException($"The brokers {brokers} do not say what they hold: {e.Message}", e);
        }
    }
}
