using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// Publishes group offsets for lag monitors. The client's commit waits for a broker's answer, and the poll thread must not: one commit at a time runs
/// beside it, and what comes meanwhile goes with the next.
/// </summary>
internal sealed class ProgressReport(IConsumer<Ignore, Ignore> consumer, PollCommands commands, Intake intake, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_lastWait = TimeSpan.FromSeconds(2);
    private Task _running = Task.CompletedTask;
    private long _startedAt;

    /// <summary>Starts the next commit when it is due.</summary>
    public void Tick()
    {
        if (!_running.IsCompleted || time.GetElapsedTime(_startedAt) < s_interval) return;
        _startedAt = time.GetTimestamp();
        Start();
    }

    /// <summary>Publishes what is left, and waits for it a moment: before partitions are handed over.</summary>
    public void Flush()
    {
        if (!_running.Wait(s_lastWait)) return;
        Start();
        _running.Wait(s_lastWait);
    }

    private void Start()
    {
        var offsets = commands.TakeProgress()
            .Where(p => p.Right.IsHeld && intake.Find(p.Right.Source.Topic, p.Right.Source.Partition)?.Right == p.Right)
            .Select(p => new TopicPartitionOffset(p.Right.Source.Topic, p.Right.Source.Partition, p.NextOffset))
            .ToList();
        if (offsets.Count > 0) _running = Task.Run(() => Commit(offsets));
    }

    private void Commit(List<TopicPartitionOffset> offsets)
    {
        try
        {
            consumer.Commit(offsets);
        }
        catch (Exception e) when (e is KafkaException or ObjectDisposedException)
        {
            log.ProgressNotPublished(e.Message);
        }
    }
}
