using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// The one thread that polls. It hands messages to the intake and does nothing else: while there is no room it first waits a moment, then pauses
/// all partitions and polls on, so that rebalances are never missed.
/// </summary>
internal sealed class PollLoop(
    IConsumer<Ignore, Ignore> consumer, NativeMessages messages, Intake intake, Rebalance rebalance, PollCommands commands, ProgressReport progress,
    BrokerWatch watch, TopicNews news, LoudStops stops, Pauses pauses, TroubleLog troubles, ITransferSink sink, KafkaOptions options, TimeProvider time, ILogger log)
{
    private const int MessagesPerTurn = 1024;
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan s_quietAtStart = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pausedPoll = TimeSpan.FromMilliseconds(20);
    private readonly List<PartitionState> _seeks = [];
    private long _started;
    private bool _hasToldWaiting;
    private long _blockedSince;
    private bool _isPaused;
    private int _pausedVersion;
    private int _knownVersion = -1;
    private volatile string? _fatal;

    public void Run(CancellationToken stop)
    {
        _started = time.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            TellWaiting();
            rebalance.ThrowIfFailed();
            if (_fatal is { } why) throw new TransferSourceException(why);
            CarryOutMoves();
            progress.Tick();
            stops.Compare(watch.Tick(rebalance.Version));
            HearNews();
            if (intake.TryMoveOn())
            {
                Resume();
                ReadOn();
            }
            else
            {
                WaitForRoom(stop);
            }
        }
    }

    /// <summary>The client's error callback; it runs inside Consume.</summary>
    public void OnError(Error error)
    {
        if (KafkaErrors.WhyFatal(error, rebalance.HasAssigned) is { } why) _fatal = why;
        else troubles.Tell(error);
    }

    /// <summary>Once: silence would look like hanging.</summary>
    private void TellWaiting()
    {
        if (_hasToldWaiting || rebalance.Version > 0 || time.GetElapsedTime(_started) < s_quietAtStart) return;
        _hasToldWaiting = true;
        log.WaitingForGroup(options.Properties.TryGetValue("session.timeout.ms", out var given) ? $"{given} ms" : "45 s by default");
    }

    private void ReadOn()
    {
        var started = time.GetTimestamp();
        var wait = options.ChunkLinger > TimeSpan.Zero && options.ChunkLinger < options.PollTimeout && intake.Partitions.Any(p => p.WaitingSince != 0)
            ? options.ChunkLinger
            : options.PollTimeout;
        for (var i = 0; i < MessagesPerTurn && Consume(wait) && !intake.IsBlocked && sink.WantsTransfers; i++)
        {
            if (time.GetElapsedTime(started) >= options.ChunkLinger) break;
        }

        PauseHalted();
        intake.FlushWaiting();
    }

    private void WaitForRoom(CancellationToken stop)
    {
        if (_blockedSince == 0)
        {
            _blockedSince = time.GetTimestamp();
            intake.CloseAll();
        }

        if (!_isPaused && time.GetElapsedTime(_blockedSince) < options.PauseAfter)
        {
            stop.WaitHandle.WaitOne(s_patience);
            return;
        }

        if (!_isPaused || _pausedVersion != rebalance.Version)
        {
            var count = pauses.PauseAll();
            if (!_isPaused && count is { } paused) log.Paused(paused);
            (_isPaused, _pausedVersion) = (count is not null, rebalance.Version);
        }

        Consume(s_pausedPoll);
    }

    private void Resume()
    {
        _blockedSince = 0;
        _isPaused = false;
        pauses.Resume();
    }

    /// <summary>Takes one message or end; false when none came.</summary>
    private bool Consume(TimeSpan wait)
    {
        if (!messages.TryTake(wait)) return false;
        try
        {
            if (_knownVersion != rebalance.Version)
            {
                messages.Forget();
                _knownVersion = rebalance.Version;
            }

            // Before it is taken: it may be the first one of another topic.
            HearNews();
            if (messages.Partition() is not { } partition)
            {
                if (messages.IsError) OnError(messages.Error());
            }
            else if (messages.IsEnd)
            {
                intake.EndSeen(partition, messages.Offset);
            }
            else if (messages.IsError)
            {
                Troubled(partition, messages.Error());
            }
            else
            {
                intake.Take(partition, messages.Offset, messages.PublishedAtMs, messages.Payload);
            }

            return true;
        }
        finally
        {
            messages.Return();
        }
    }

    private void Troubled(PartitionState partition, Error error)
    {
        var (isLost, isUnreadable) = (KafkaErrors.IsLostPlace(error), KafkaErrors.IsUnreadable(error));
        if (!isLost && !isUnreadable) OnError(error);
        else if (partition.AwaitsSeek) troubles.Tell(error); // of where it was before; where it goes now, it is told again
        else if (isLost) stops.LostPlace(partition, error);
        else stops.Unreadable(partition, messages.Offset, error);
    }

    private void HearNews()
    {
        if (news.IsNew) stops.Compare(news.Take());
    }

    private void CarryOutMoves()
    {
        foreach (var (old, next) in commands.TakeMoves())
        {
            // Lost or handed over meanwhile: its next owner starts from the table by itself.
            if (intake.Find(old.Source.Topic, old.Source.Partition) is not { } partition || partition.Right != old) continue;
            if (next is null)
            {
                stops.Halt(partition);
                continue;
            }

            old.Revoke();
            intake.Restart(partition, next);
            partition.AwaitsSeek = true;
            _seeks.Add(partition);
        }

        foreach (var partition in rebalance.AdmitSilent(consumer))
        {
            partition.AwaitsSeek = true;
            _seeks.Add(partition);
        }

        if (_seeks.Count > 0) _seeks.RemoveAll(IsSought);
    }

    private bool IsSought(PartitionState partition)
    {
        if (!partition.AwaitsSeek || intake.Find(partition.Source.Topic, partition.Source.Partition) != partition) return true;
        try
        {
            consumer.Seek(new TopicPartitionOffset(partition.Source.ToClient(), partition.Right.StartOffset));
            partition.AwaitsSeek = false;
            log.Rewound(partition.Source, partition.Right.StartOffset);
            return true;
        }
        catch (KafkaException e)
        {
            // Just after an assignment the client is not ready to seek; until it is, what it delivers is dropped.
            troubles.Tell(e.Error);
            return false;
        }
    }

    private void PauseHalted()
    {
        var halted = rebalance.TakeHalted();
        if (halted.Count > 0) pauses.Pause(halted);
    }
}
