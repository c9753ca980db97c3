using System.Runtime.ExceptionServices;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// The client's assignment callbacks, which run on the poll thread inside Consume and Close, and wait there for the sink's answers. They let no exception out, since the client would
/// turn it into a consume error: the poll loop throws it instead.
/// </summary>
internal sealed class Rebalance(Intake intake, ITransferSink sink, TopicIds topicIds, SilentPartitions silent, ILogger log, CancellationToken stop)
{
    private readonly List<Confluent.Kafka.TopicPartition> _halted = [];
    private ExceptionDispatchInfo? _failure;

    /// <summary>Grows with every assignment, so that the poll loop knows to pause what came, and to look anew whose a message is.</summary>
    public int Version { get; private set; }

    /// <summary>Partitions were assigned at least once: the brokers take us.</summary>
    public bool HasAssigned { get; private set; }

    public ProgressReport? Progress { get; set; }

    public IEnumerable<TopicPartitionOffset> Assigned(IConsumer<Ignore, Ignore> consumer, List<Confluent.Kafka.TopicPartition> partitions)
    {
        Version++;
        try
        {
            if (partitions.Count == 0) return [];
            HasAssigned = true;
            sink.AssigningAsync().GetAwaiter().GetResult();
            var starts = Admit(consumer, Sources(partitions)).ToDictionary(s => s.TopicPartition, s => s.Offset);
            return partitions.Select(p => new TopicPartitionOffset(p, starts.TryGetValue(p, out var start) ? start : Waiting(p))).ToList();
        }
        catch (Exception e)
        {
            // Whatever it is, it is thrown from the loop; until then nothing is read.
            _failure ??= ExceptionDispatchInfo.Capture(e);
            _halted.AddRange(partitions);
            return partitions.Select(p => new TopicPartitionOffset(p, Offset.End)).ToList();
        }
    }

    /// <summary>Asks again for partitions of which no broker said what it holds. Those that can be read now; the client has still to be told from where.</summary>
    public IReadOnlyList<PartitionState> AdmitSilent(IConsumer<Ignore, Ignore> consumer)
    {
        if (!silent.AreDue) return [];
        try
        {
            var told = silent.AskAgain(consumer);
            if (told.Count == 0) return [];
            Version++;
            sink.AssigningAsync().GetAwaiter().GetResult();
            _ = Admit(consumer, told);
            silent.Tell();
            return [.. told.Select(s => intake.Find(s.Topic, s.Partition)).OfType<PartitionState>().Where(p => !p.IsHalted)];
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return []; // the worker ends
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

    /// <summary>Asks what brokers hold of partitions, and the sink from where they are read. Where each begins; those of which no broker says what it holds are left out.</summary>
    private List<TopicPartitionOffset> Admit(IConsumer<Ignore, Ignore> consumer, List<TopicPartition> sources)
    {
        var bounds = silent.Ask(consumer, sources);
        if (bounds.Count == 0) return [];

        // After the offsets: were the topic made anew in between, they would be the new one's, and the id must not be the old one's.
        var ids = topicIds.Ask(consumer, [.. bounds.Select(b => b.Source.Topic).Distinct()], stop);
        bounds = bounds.ConvertAll(b => b with { TopicId = ids.GetValueOrDefault(b.Source.Topic) });
        var rights = sink.AssignedAsync(bounds).GetAwaiter().GetResult();
        return bounds.Zip(rights, StartAt).ToList();
    }

    private void Leave(IEnumerable<TopicPartitionOffset> partitions, Action<List<CommitRight>> tell)
    {
        Version++;
        List<CommitRight> rights = [];
        try
        {
            // What the sink has not accepted yet is the next owner's to read.
            var sources = Sources(partitions.Select(p => p.TopicPartition));
            rights.AddRange(sources.Select(s => intake.Find(s.Topic, s.Partition)?.Right).OfType<CommitRight>());
            foreach (var source in sources) intake.Discard(source);
            silent.Forget(sources);
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

    private static List<TopicPartition> Sources(IEnumerable<Confluent.Kafka.TopicPartition> partitions) => [.. partitions.Select(p => p.ToSource())];

    private Offset Waiting(Confluent.Kafka.TopicPartition partition)
    {
        _halted.Add(partition);
        return Offset.End;
    }

    private TopicPartitionOffset StartAt(PartitionBounds bounds, CommitRight? right)
    {
        var partition = bounds.Source.ToClient();
        if (right is null)
        {
            log.AssignedHalted(bounds.Source);
            _halted.Add(partition);

            // Known all the same: the sink is told when it goes, as of any other.
            intake.Start(new CommitRight(bounds.Source, bounds.End));
            intake.Discard(bounds.Source);
            return new TopicPartitionOffset(partition, bounds.End);
        }

        intake.Start(right);
        log.Assigned(bounds.Source, right.StartOffset, bounds.Start, bounds.End);
        return new TopicPartitionOffset(partition, right.StartOffset);
    }
}
