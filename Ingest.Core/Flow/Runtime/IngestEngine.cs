using Ingest.Core.Contracts;
using Ingest.Core.Flow.Protocol;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// The whole service: <c>Kafka -> decode -> normalize -> deduplicate -> Arrow batch -> Parquet files -> Delta commit</c>. Read this first.
/// <para>The data passes through eight states, each a type of its own that carries the offsets it covers:
/// <see cref="TransferChunk"/> (the source's thread fills them), <see cref="Decoding.DecodedChunk"/> and <see cref="Normalizing.NormalizedChunk"/>
/// (<see cref="DecodePump"/>, every core), <see cref="Deduplicating.Selection"/> and <see cref="Batching.SealedBatch"/>
/// (<see cref="ControlLoop"/>, one loop), <see cref="Pool.WrittenFiles"/>, <see cref="Pool.CommitRequest"/> and <see cref="Pool.CommitOutcome"/>
/// (<see cref="CommitJob"/>, one a table at a time).</para>
/// <para>Nothing counts as done until a table's log says so: group offsets, local files and memory may vanish at any time.</para>
/// </summary>
public sealed class IngestEngine : IDisposable
{
    private readonly EngineOptions _options;
    private readonly Catalog _catalog;
    private readonly EngineServices _services;
    private readonly EngineCounters _counters;
    private volatile string _waitsFor = "the tables to be opened";

    /// <param name="options">See the README's table of settings.</param>
    /// <param name="catalog">The contracts.</param>
    /// <param name="services">The edges of the world.</param>
    public IngestEngine(EngineOptions options, Catalog catalog, EngineServices services)
    {
        _options = options;
        _catalog = catalog;
        _services = services;
        Budget = new ByteBudget(options.BudgetBytes, PauseRule.HighBytes(options.BudgetBytes));
        _counters = new EngineCounters(options.BudgetBytes, services.Time);
    }

    /// <summary>What data in flight may weigh; shared with the source.</summary>
    public ByteBudget Budget { get; }

    /// <summary>A picture of now; safe from any thread.</summary>
    public EngineStatus Status => _counters.Status;

    /// <summary>All that the partitions held at assignment was committed, before it ended. Only where that is what it was to run for.</summary>
    public bool HasCaughtUp { get; private set; }

    /// <summary>
    /// Puts every counter there with nothing counted. Called once whoever collects them listens, and before anyone can ask: who asks how much
    /// one grew would else miss its first step.
    /// </summary>
    public void StartCounters() => _counters.Expect(_catalog.Topics.Values);

    /// <summary>Runs until <paramref name="stop"/> (or, if so configured, until caught up), commits what is open, and returns.</summary>
    /// <exception cref="Pool.Delta.TableRefusedException">A table is not what the contract says, or beyond what we support.</exception>
    /// <exception cref="TransferSourceException">The source cannot go on.</exception>
    public async Task RunAsync(ITransferSource source, CancellationToken stop)
    {
        var stopSource = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var ending = new Ending(_options.HandOverMax, _services.Time, stopSource.Token);
        var running = RunAsync(source, stopSource, ending);
        if (await Task.WhenAny(running, ending.Over) != running)
        {
            // Left as it is, with all that it may still use: it ends with the process.
            Log.NotAwaited(_services.Logger, _waitsFor);
            return;
        }

        ending.Dispose();
        stopSource.Dispose();
        await running;
    }

    public void Dispose() => _counters.Dispose();

    private async Task RunAsync(ITransferSource source, CancellationTokenSource stopSource, Ending ending)
    {
        var signal = new Signal();
        var pool = new NormalizedChunkPool(Budget);
        using var slot = CacheSlot.Take(_options.CacheFolder);
        using var lanes = await TableOpener.OpenAllAsync(_options, _catalog, _services, slot, Budget, signal, stopSource.Token);
        using var ended = new CancellationTokenSource();
        await using var pump = new DecodePump(_catalog, _options.Decoding, pool, DecodePump.DecodedBytesMax(Budget.TotalBytes), _options.DecodeWorkers, signal, _services.Scheduler);
        var gate = new IntakeGate(pump, signal, ended.Token);
        var loop = new ControlLoop(_options, _catalog, source, gate, signal, ending, pool, lanes, Budget, _services.StoreFault, _counters, _services.Time, _services.Logger);

        using var keepingSource = CancellationTokenSource.CreateLinkedTokenSource(stopSource.Token);
        var keeper = new Housekeeper(_options.Housekeeping, _services, lanes, slot.Folder, _counters, () => loop.IsBusy);
        var keeping = _options.Housekeeping.Enabled
            ? Task.Factory.StartNew(() => keeper.RunAsync(keepingSource.Token), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _services.Scheduler).Unwrap()
            : Task.CompletedTask;
        var looping = Task.Factory.StartNew(() => loop.RunAsync(ended.Token), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _services.Scheduler).Unwrap();
        var reading = source.RunAsync(gate, stopSource.Token);
        _waitsFor = "the Kafka client to leave its group, and the last commit";
        try
        {
            // The source ends when it is told to, or when it cannot go on; the loop ends early only by a bug.
            var first = await Task.WhenAny(looping, reading, loop.CaughtUp);
            if (first == loop.CaughtUp) Log.CaughtUp(_services.Logger);
            if (first == looping) await looping;
            stopSource.Cancel();
            await reading;
            _waitsFor = "the last commit";
            await Task.WhenAny(gate.StopAsync(), looping);
            await looping;
            _waitsFor = "checkpoints, merges and leases";
            await lanes.DrainAsync();
            keepingSource.Cancel();
            await keeping;
            await keeper.ReleaseAsync();
        }
        finally
        {
            HasCaughtUp = loop.CaughtUp.IsCompletedSuccessfully;
            keepingSource.Cancel();
            ended.Cancel();
            stopSource.Cancel();
            lanes.CancelJobs();
        }
    }
}

/// <summary>The edges of the world that the engine is given. Immutable.</summary>
public sealed record EngineServices
{
    /// <summary>The pool: one folder a table below its root.</summary>
    public required IObjectStore Pool { get; init; }

    /// <summary>The same for checkpoints and housekeeping: a store that fails what it cannot do, so that it can be put off, where <see cref="Pool"/> repeats it for ever. Null: that one.</summary>
    public IObjectStore? PoolBeside { get; init; }

    /// <summary>What is wrong with the store just now, in a sentence; null when nothing is. While it is set, intake pauses.</summary>
    public Func<string?> StoreFault { get; init; } = static () => null;

    public IdSource Ids { get; init; } = IdSource.System;

    /// <summary>How data files are written and read.</summary>
    public DataFileFormat Files { get; init; } = DataFileFormat.Parquet;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where decoders, commit jobs and the control loop run.</summary>
    public TaskScheduler Scheduler { get; init; } = TaskScheduler.Default;

    public required ILogger Logger { get; init; }
}
