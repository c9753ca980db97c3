namespace Ingest.Core.Transfers.Kafka;

/// <summary>Partitions as the client names them, and back.</summary>
internal static class ClientNames
{
    public static Confluent.Kafka.TopicPartition ToClient(this TopicPartition source) => new(source.Topic, source.Partition);

    public static TopicPartition ToSource(this Confluent.Kafka.TopicPartition partition) => new(partition.Topic, partition.Partition.Value);
}
