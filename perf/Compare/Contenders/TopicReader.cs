using Confluent.Kafka;
using Ingest.Perf.Workloads;

namespace Ingest.Perf.Compare.Contenders;

/// <summary>The consume loop that every plain service has: subscribe, consume one message after the other, until everything that was there is read.</summary>
internal static class TopicReader
{
    public static void ReadAll(Workload workload, KafkaAccess kafka, string group, Action<string, byte[]> onMessage, CancellationToken cancellation)
    {
        var left = workload.Messages;
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(kafka.Consumer(group)).Build();
        consumer.Subscribe(Enumerable.Range(0, Workload.Departments).Select(workload.Topic));
        while (left > 0)
        {
            var result = consumer.Consume(cancellation);
            if (result.Message is not { } message) continue;
            onMessage(result.Topic, message.Value);
            left--;
        }

        consumer.Close();
    }
}
