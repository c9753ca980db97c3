using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Perf.Workloads;

/// <summary>The workload in Kafka: a topic a department, published once and read by every contender.</summary>
internal static class WorkloadTopics
{
    /// <summary>Publishes the workload unless it is there.</summary>
    /// <exception cref="InvalidOperationException">The topics hold something else, or not everything was delivered.</exception>
    /// <exception cref="Ingest.Core.Transfers.TransferSourceException">The brokers do not answer.</exception>
    public static async Task PublishAsync(Workload workload, KafkaAccess kafka, CancellationToken cancellation)
    {
        var held = Held(workload, kafka, cancellation);
        if (held == workload.Messages) return;
        if (held > 0) throw new InvalidOperationException($"The topics {workload.Dataset}.* hold {held} messages and should hold {workload.Messages}: delete them, or give another --records.");
        await CreateAsync(workload, kafka).ConfigureAwait(false);
        using var publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = kafka.Brokers, Properties = kafka.Properties, Idempotent = !kafka.IsOld });
        using var records = new RecordWriter(workload);
        for (var message = 0L; message < workload.Messages; message++)
        {
            var (department, payload) = records.Next(message);
            publisher.Publish(workload.Topic(department), Workload.Department(department), payload, cancellation);
        }

        var report = publisher.Flush(cancellation);
        if (report.Failed > 0) throw new InvalidOperationException($"{report.Failed} messages were not delivered: {report.FirstError}");
        held = Held(workload, kafka, cancellation);
        if (held != workload.Messages) throw new InvalidOperationException($"The topics hold {held} messages instead of {workload.Messages}: something else writes to them, or the producer sent some twice.");
    }

    private static long Held(Workload workload, KafkaAccess kafka, CancellationToken cancellation) =>
        TopicBounds.Read(kafka.Brokers, kafka.Properties, [.. Enumerable.Range(0, Workload.Departments).Select(workload.Topic)], cancellation).Values.Sum(b => b.End - b.Start);

    /// <summary>One partition a topic where brokers can be asked to; older ones create topics as they are configured, on first use.</summary>
    private static async Task CreateAsync(Workload workload, KafkaAccess kafka)
    {
        if (kafka.IsOld) return;
        var config = new AdminClientConfig { BootstrapServers = kafka.Brokers };
        foreach (var (name, value) in kafka.Properties) config.Set(name, value);
        using var admin = new AdminClientBuilder(config).Build();
        var topics = Enumerable.Range(0, Workload.Departments).Select(d => new TopicSpecification { Name = workload.Topic(d), NumPartitions = 1, ReplicationFactor = 1 });
        try
        {
            await admin.CreateTopicsAsync(topics).ConfigureAwait(false);
        }
        catch (CreateTopicsException e) when (e.Results.All(r => r.Error.Code is ErrorCode.NoError or ErrorCode.TopicAlreadyExists))
        {
            // Left empty by an earlier run.
        }
    }
}
