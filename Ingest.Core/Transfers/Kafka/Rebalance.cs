using System.Runtime.ExceptionServices;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// The client's assignment callbacks, which run on the poll thread inside Consume and Close, and wait there for the sink's answers. They let no exception out, since the client would
/// turn it into a consume error: the poll loop throws it instead.
/// </summary>
internal sealed class Rebalance(Intake intake, ITransferSink sink, TopicIds topicIds, KafkaOptions options, ILogger log, CancellationToken stop)
{
    private readonly List<Confluent.Kafka.TopicPartition> _halted = [];
    private ExceptionDispatchInfo? _failure;

    /// <summary>Grows with every assignment, so that the poll loop knows to pause what came.</summary>
    public int Version { get; private set; }

    public ProgressReport? Progress { get; set; }

    public IEnumerable<TopicPartitionOffset> Assigned(IConsumer<Ignore, Ignore> consumer, List<Confluent.Kafka.TopicPartition> partitions)
    {
        Version++;
        try
        {
            if (partitions.Count == 0) return [];
            sink.AssigningAsync().GetAwaiter().GetResult();
            var bounds = partitions.Select(p => BoundsOf(consumer, p)).ToList();

            // After the offsets: were the topic made anew in between, they would be the new one's, and the id must not be the old one's.
            var ids = topicIds.Ask(consumer, [.. partitions.Select(p => p.Topic).Distinct()], stop);
            bounds = bounds.ConvertAll(b => b with { TopicId = ids.GetValueOrDefault(b.Source.Topic) });
            var rights = sink.AssignedAsync(bounds).GetAwaiter().GetResult();
            return bounds.Zip(rights, StartAt).ToList();
        }
        catch (Exception e)
        {
            // Whatever it is, it is thrown from the loop; until then nothing is read.
            _failure ??= ExceptionDispatchInfo.Capture(e);
            _halted.AddRange(partitions);
            return partitions.Select(p => new TopicPartitionOffset(p, Offset.End)).ToList();
        }
    }

    public void Revoked(IEnumerable<TopicPartitionOffset> partitions) => Leave(partitions, rights =>
    {
        log.Revoked(rights.Count);
        sink.RevokedAsync(rights).GetAwaiter().GetResult();
    });

    public void Lost(IEnumerable<TopicPartitionOffset> partitions) => Leave(partitions, rights =>
    {
        foreach (var right in rights) right.Revoke();
        log.Lost(rights.Count);
        sink.LostAsync(rights).GetAwaiter().GetResult();
    });

    /// <summary>Throws what a callback could not.</summary>
    public void ThrowIfFailed() => _failure?.Throw();

    /// <summary>Partitions that were assigned and are not to be read.</summary>
    public List<Confluent.Kafka.TopicPartition> TakeHalted()
    {
        if (_halted.Count == 0) return [];
        List<Confluent.Kafka.TopicPartition> taken = [.. _halted];
        _halted.Clear();
        return taken;
    }

    private void Leave(IEnumerable<TopicPartitionOffset> partitions, Action<List<CommitRight>> tell)
    {
        Version++;
        List<CommitRight> rights = [];
        try
        {
            // What the sink has not accepted yet is the next owner's to read.
            List<TopicPartition> sources = [.. partitions.Select(p => new TopicPartition(p.Topic, p.Partition.Value))];
            rights.AddRange(sources.Select(s => intake.Find(s.Topic, s.Partition)?.Right).OfType<CommitRight>());
            foreach (var source in sources) intake.Discard(source);
            if (rights.Count > 0) tell(rights);
            Progress?.Flush();
            foreach (var source in sources) intake.Forget(source);
        }
        catch (Exception e)
        {
            _failure ??= ExceptionDispatchInfo.Capture(e);
        }

        foreach (var right in rights) right.Revoke();
    }

    private TopicPartitionOffset StartAt(PartitionBounds bounds, CommitRight? right)
    {
        var partition = new Confluent.Kafka.TopicPartition(bounds.Source.Topic, bounds.Source.Partition);
        if (right is null)
        {
            log.AssignedHalted(bounds.Source);
            _halted.Add(partition);
            return new TopicPartitionOffset(partition, bounds.End);
        }

        intake.Start(right);
        log.Assigned(bounds.Source, right.StartOffset, bounds.Start, bounds.End);
        return new TopicPartitionOffset(partition, right.StartOffset);
    }

    /// <summary>Asks until the broker answers: starting without knowing what it holds could hide a lost or re-created topic. Heartbeats go on meanwhile.</summary>
    private PartitionBounds BoundsOf(IConsumer<Ignore, Ignore> consumer, Confluent.Kafka.TopicPartition partition)
    {
        var source = new TopicPartition(partition.Topic, partition.Partition.Value);
        while (true)
        {
            try
            {
                var held = consumer.QueryWatermarkOffsets(partition, options.BoundsTimeout);
                return new PartitionBounds(source, held.Low.Value, held.High.Value);
            }
            catch (KafkaException e)
            {
                stop.ThrowIfCancellationRequested();
                log.BoundsUnknown(source, e.Error.Reason);
                stop.WaitHandle.WaitOne(options.PollTimeout);
            }
        }
    }
}
