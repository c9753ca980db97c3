using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// Which partitions the client was told to pause and has not been told to resume. It remembers that beyond an assignment: a partition that was paused when it was taken away is paused when it comes
/// back. Of the polling thread.
/// </summary>
internal sealed class Pauses(IConsumer<Ignore, Ignore> consumer, Intake intake, TroubleLog troubles, ILogger log)
{
    private readonly HashSet<Confluent.Kafka.TopicPartition> _paused = [];

    /// <summary>Pauses all that is assigned; how many those are, or null when the client refuses one, which is then to be tried again.</summary>
    public int? PauseAll()
    {
        var all = consumer.Assignment;
        return Pause(all) ? all.Count : null;
    }

    /// <summary>False when the client refuses one of them: not paused, it is fetched and dropped, or waits in hand.</summary>
    public bool Pause(List<Confluent.Kafka.TopicPartition> partitions)
    {
        // Noted first: of several, the client pauses the others when it refuses one, and what is not noted would never be resumed.
        _paused.UnionWith(partitions);
        try
        {
            consumer.Pause(partitions);
            return true;
        }
        catch (KafkaException e)
        {
            troubles.Tell(e.Error);
            return false;
        }
    }

    /// <summary>Resumes all that is to be read, also what was paused when it was last taken away and has come back since. What the client refuses is tried again at the next turn.</summary>
    public void Resume()
    {
        if (_paused.Count == 0) return;
        List<Confluent.Kafka.TopicPartition> reading = [.. _paused.Where(p => intake.Find(p.Topic, p.Partition.Value) is { IsHalted: false })];
        if (reading.Count == 0) return;
        try
        {
            consumer.Resume(reading);
            _paused.ExceptWith(reading);
            log.Resumed(reading.Count);
        }
        catch (KafkaException e)
        {
            troubles.Tell(e.Error);
        }
    }
}
