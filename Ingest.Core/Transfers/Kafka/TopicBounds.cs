using Confluent.Kafka;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>Asks the brokers what they hold of topics, without joining a group.</summary>
public static class TopicBounds
{
    private const int RetriesMax = 60;

    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(30), s_together = TimeSpan.FromSeconds(5), s_pause = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// First and next offset of every partition of the topics; those that do not exist are left out. Brokers that have just started, or just taken a partition over, refuse at first: they are asked again for half a minute.
    /// </summary>
    /// <exception cref="TransferSourceException">The brokers do not answer.</exception>
    public static IReadOnlyDictionary<TopicPartition, PartitionBounds> Read(
        string brokers, IReadOnlyDictionary<string, string> properties, IReadOnlyCollection<string> topics, CancellationToken cancellation)
    {
        var config = new Dictionary<string, string>(properties) { ["bootstrap.servers"] = brokers, ["group.id"] = "ingest-bounds", ["enable.auto.commit"] = "false" };
        try
        {
            using var consumer = new ConsumerBuilder<Ignore, Ignore>(config).SetLogHandler(static (_, _) => { }).SetErrorHandler(static (_, _) => { }).Build();
            using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
            List<TopicPartition> sources =
                [.. admin.GetMetadata(s_wait).Topics.Where(t => topics.Contains(t.Topic)).SelectMany(t => t.Partitions.Select(p => new TopicPartition(t.Topic, p.PartitionId)))];
            var bounds = HeldOffsets.Ask(consumer, sources, s_together);
            var retries = 0;
            foreach (var source in sources.Where(s => !bounds.ContainsKey(s)))
            {
                var held = Ask(consumer, source.ToClient(), ref retries, cancellation);
                bounds[source] = new PartitionBounds(source, held.Low.Value, held.High.Value);
            }

            return bounds;
        }
        catch (Exception e) when (e is KafkaException or InvalidOperationException or ArgumentException)
        {
            throw new TransferSourceException($"The brokers {brokers} do not say what they hold: {e.Message}", e);
        }
    }

    private static WatermarkOffsets Ask(IConsumer<Ignore, Ignore> consumer, Confluent.Kafka.TopicPartition partition, ref int retries, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return consumer.QueryWatermarkOffsets(partition, s_wait);
            }
            catch (KafkaException e) when (KafkaErrors.IsPassing(e.Error) && retries++ < RetriesMax)
            {
                cancellation.WaitHandle.WaitOne(s_pause);
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }
}
