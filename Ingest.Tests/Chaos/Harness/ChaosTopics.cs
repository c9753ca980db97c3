using System.Buffers.Text;
using System.Collections;
using Confluent.Kafka;
using Ingest.Core.Transfers;
using TopicPartition = Ingest.Core.Transfers.TopicPartition;

namespace Ingest.Tests.Chaos.Harness;

/// <summary>
/// What the brokers themselves still hold, read from the first offset to the last by a client of its own. Kafka before 0.11 may lose what it has acknowledged although all copies were in step: a follower
/// cuts its log back to the high watermark that it knew, which is one fetch behind, and may lead before it has fetched the rest again (KIP-101).
/// </summary>
internal static class ChaosTopics
{
    private static readonly TimeSpan s_answerMax = TimeSpan.FromMinutes(1);

    /// <summary>The numbers below <paramref name="records"/> that stand in any transfer.</summary>
    /// <exception cref="ChaosStuckException">The brokers do not give all that they say they have.</exception>
    public static BitArray Read(ChaosBrokers brokers, IReadOnlyDictionary<TopicPartition, PartitionBounds> bounds, long records)
    {
        var found = new BitArray(checked((int)records));
        var config = new ConsumerConfig { BootstrapServers = brokers.Brokers, GroupId = "chaos-judge", EnableAutoCommit = false, EnablePartitionEof = true };
        foreach (var (name, value) in brokers.Properties) config.Set(name, value);
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(config).SetLogHandler(static (_, _) => { }).SetErrorHandler(static (_, _) => { }).Build();
        consumer.Assign(bounds.Select(b => new TopicPartitionOffset(b.Key.Topic, b.Key.Partition, b.Value.Start)));
        var left = bounds.Count(b => b.Value.End > b.Value.Start);
        while (left > 0)
        {
            var result = consumer.Consume(s_answerMax) ?? throw new ChaosStuckException($"Waited {s_answerMax} for the brokers to give what they hold; {left} partitions are not at their end.");
            if (result.IsPartitionEOF) continue;
            Mark(found, result.Message.Value);
            if (result.Offset.Value == bounds[new TopicPartition(result.Topic, result.Partition.Value)].End - 1) left--;
        }

        return found;
    }

    private static void Mark(BitArray found, ReadOnlySpan<byte> transfer)
    {
        while (transfer.IndexOf("\"id\":"u8) is >= 0 and var at)
        {
            transfer = transfer[(at + 5)..];
            if (Utf8Parser.TryParse(transfer, out int number, out _) && number < found.Length) found[number] = true;
        }
    }
}
