using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Protocol;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Transfers;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// The one state machine of the service: takes decoded chunks in order, selects and batches their rows, starts commits, and answers assignment,
/// hand-over, loss and shutdown. Everything it owns is touched by this loop only; other threads post messages, finish tickets or jobs, and wake it.
/// </summary>
/// <remarks>
/// Whenever it is in doubt whether a batch can still be committed, it drops everything that is not in a table and goes back to the tables' own offsets
/// (<see cref="ResetAsync"/>). That is always safe, because nothing outside the tables counts as progress.
/// </remarks>
internal sealed partial class ControlLoop
{
    // Chunks taken before messages and jobs are looked at again: bounds how long a hand-over waits for the loop.
    private const int ChunksPerTurn = 16;

    // Transfers waiting in Kafka beyond which throughput counts for more than freshness: some seconds' worth for one worker.
    private const int BehindTransfers = 10_000;

    // The same for large transfers: a thousand of a megabyte are more than ten thousand of the usual 4 KB.
    private const double BehindBytes = 64 << 20;

    private readonly EngineOptions _options;
    private readonly Catalog _catalog;
    private readonly ITransferSource _source;
    private readonly IntakeGate _gate;
    private readonly Signal _signal;
    private readonly Ending _ending;
    private readonly NormalizedChunkPool _pool;
    private readonly LaneSet _lanes;
    private readonly ByteBudget _budget;
    private readonly PauseRule _pause;
    private readonly FlushRule _flush;
    private readonly UnreadWatch _unread;
    private readonly Func<string?> _storeFault;
    private readonly EngineCounters _counters;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly QuarantineRows _refused;
    private readonly Queue<(Ticket Ticket, bool[] Had)> _begun = [];
    private readonly List<Rejection> _conflicts = [];
    private readonly Dictionary<TopicPartition, PartitionState> _partitions = [];
    private readonly List<string> _haltedToTheEnd = [];
    private readonly Dictionary<string, string> _stoppedTables = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _behind;
    private bool _ended;

    public ControlLoop(EngineOptions options, Catalog catalog, ITransferSource source, IntakeGate gate, Signal signal, Ending ending, NormalizedChunkPool pool, LaneSet lanes,
        ByteBudget budget, Func<string?> storeFault, EngineCounters counters, TimeProvider time, ILogger logger)
    {
        _options = options;
        _catalog = catalog;
        _source = source;
        _gate = gate;
        _signal = signal;
        _ending = ending;
        _pool = pool;
        _lanes = lanes;
        _budget = budget;
        _pause = new PauseRule(options.BudgetBytes);
        _flush = new FlushRule(options.Batching);
        _unread = new UnreadWatch(time, logger, BehindTransfers);
        _storeFault = storeFault;
        _counters = counters;
        _time = time;
        _logger = logger;
        _refused = new QuarantineRows(options.SourceName);
    }

    /// <summary>Completes, if the options ask for it, when all that the partitions held at assignment is committed.</summary>
    public Task CaughtUp => _caughtUp.Task;

    /// <summary>Ingest has all it can do: more is waiting than a few batches hold. May be asked from any thread.</summary>
    public bool IsBusy => _behind;

    /// <summary>Runs until a stop message has been carried out.</summary>
    /// <exception cref="Exception">A bug in a stage; nothing of the batch at hand is committed.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var tick = _time.CreateTimer(_ => _signal.Set(), null, _options.Tick, _options.Tick);
        while (!_ended)
        {
            while (_gate.Messages.TryRead(out var message)) await HandleAsync(message, cancellation);
            await SettleAsync(cancellation);
            var taken = TakeReady();
            var hadFull = HasFull();
            Flush(force: _options.UntilCaughtUp && HasReadToTheEnd);
            UpdateIntake();
            Publish();
            var hasRoomAgain = hadFull && !HasFull();
            if (taken < ChunksPerTurn && !hasRoomAgain && !_ended) await _signal.WaitAsync(cancellation);
        }
    }

    private async Task HandleAsync(ControlMessage message, CancellationToken cancellation)
    {
        switch (message)
        {
            case ControlMessage.Assigning assigning:
                await JudgeAsync(cancellation);
                assigning.Reply.TrySetResult();
                break;
            case ControlMessage.Assigned assigned:
                assigned.Reply.TrySetResult(await AssignAsync(assigned.Partitions, cancellation));
                break;
            case ControlMessage.Revoked revoked:
                await HandOverAsync(revoked.Rights, cancellation);
                revoked.Reply.TrySetResult();
                break;
            case ControlMessage.Lost lost:
                await LoseAsync(lost.Rights, cancellation);
                lost.Reply.TrySetResult();
                break;
            case ControlMessage.EndReached end:
                if (_partitions.TryGetValue(end.Right.Source, out var partition)) partition.KnownEnd = end.EndOffset;
                break;
            case ControlMessage.Faulted faulted:
                if (_partitions.TryGetValue(faulted.Right.Source, out var broken)) Halt(broken, WhyLost(broken, faulted));
                break;
            case ControlMessage.Stop stop:
                if (!await CommitOpenAsync(cancellation)) await EndJobsAsync();
                _ended = true;
                Publish();
                stop.Reply.TrySetResult();
                break;
        }
    }

    private void UpdateIntake()
    {
        var was = _pause.IsPaused;
        var fault = _storeFault();
        var paused = _pause.Update(_budget.UsedBytes, fault is not null);
        _gate.WantsTransfers = !paused;
        if (paused == was) return;
        if (paused) Log.Paused(_logger, _budget.UsedBytes >> 20, _budget.TotalBytes >> 20, fault ?? "ok");
        else if (_partitions.Count > 0) Log.Resumed(_logger, _budget.UsedBytes >> 20, _budget.TotalBytes >> 20);
    }

    private bool HasReadToTheEnd => _partitions.Count > 0 && _partitions.Values.All(p => p.HaltedBecause is not null || p.NextOffset >= p.EndAtAssignment);

    private bool IsCaughtUp => _partitions.Count > 0 && _source.Unanswered.Count == 0 && _partitions.Values.All(p => p.HaltedBecause is not null || p.CommittedTo >= p.EndAtAssignment);

    private void Publish()
    {
        foreach (var partition in _partitions.Values) partition.KnownEnd = Math.Max(partition.KnownEnd, _source.EndOf(partition.Source) ?? 0);
        _counters.Publish(_partitions.Values, _haltedToTheEnd, _source, _lanes, _unread, _pause.IsPaused, _storeFault() is not null, _budget.UsedBytes, IsCaughtUp, isRunning: !_ended);
        if (_options.UntilCaughtUp && IsCaughtUp) _caughtUp.TrySetResult();
    }
}
