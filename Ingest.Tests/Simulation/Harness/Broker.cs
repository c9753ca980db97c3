using Ingest.Core.Transfers;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>A Kafka cluster: partitions with a start and an end, and one consumer group.</summary>
internal sealed class Broker
{
    private readonly Dictionary<TopicPartition, List<Message>> _logs = [];
    private readonly Dictionary<TopicPartition, long> _starts = [];
    private readonly HashSet<string> _replaced = new(StringComparer.Ordinal);
    private readonly World _world;

    public Broker(World world, IReadOnlyDictionary<string, int> topics, bool isCooperative)
    {
        _world = world;
        Partitions = [.. topics.OrderBy(t => t.Key, StringComparer.Ordinal).SelectMany(t => Enumerable.Range(0, t.Value).Select(p => new TopicPartition(t.Key, p)))];
        foreach (var partition in Partitions) _logs[partition] = [];
        Group = new Group(world, Partitions, isCooperative);
    }

    public IReadOnlyList<TopicPartition> Partitions { get; }

    public Group Group { get; }

    public long Publish(TopicPartition partition, byte[] payload)
    {
        var log = _logs[partition];

        // Now and then an offset without a message, as transactions and compaction leave them.
        if (_world.Chance(0.05)) log.Add(new Message(null, _world.Now));
        log.Add(new Message(payload, _world.Now));
        return log.Count - 1;
    }

    public long Start(TopicPartition partition) => _starts.GetValueOrDefault(partition);

    public long End(TopicPartition partition) => _logs[partition].Count;

    public Message At(TopicPartition partition, long offset) => _logs[partition][(int)offset];

    /// <summary>Deletes a topic and creates it anew, empty, under its old name.</summary>
    public void Replace(string topic)
    {
        foreach (var partition in Partitions.Where(p => p.Topic == topic))
        {
            _logs[partition].Clear();
            _starts.Remove(partition);
        }

        _replaced.Add(topic);
    }

    public bool IsReplaced(TopicPartition partition) => _replaced.Contains(partition.Topic);

    /// <summary>Deletes what lies below an offset, as retention does.</summary>
    public void Expire(TopicPartition partition, long below) => _starts[partition] = Math.Min(End(partition), Math.Max(Start(partition), below));
}

/// <summary>A message, or an offset that holds none.</summary>
internal readonly record struct Message(byte[]? Payload, TimeSpan At);
