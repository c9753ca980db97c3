using System.Text;
using Ingest.Core;
using Ingest.Core.Batching;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Stores;
using Microsoft.Extensions.Logging;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>A worker: the real engine, with its own process, store connection, consumer and local folder.</summary>
internal sealed class SimulatedWorker : IDisposable
{
    /// <summary>What the cluster is called in the tables.</summary>
    public const string SourceName = "kafka";

    private readonly World _world;
    private readonly Broker _broker;
    private readonly CancellationTokenSource _stop = new();
    private readonly IngestEngine _engine;
    private readonly Task _running;

    public SimulatedWorker(World world, string name, ObjectServer server, Broker broker, string cacheFolder, SimulationSetting setting)
    {
        _world = world;
        _broker = broker;
        CacheFolder = cacheFolder;
        Process = new Process(world, name);
        var retry = new StoreRetryOptions { AttemptTimeout = TimeSpan.FromSeconds(20), LongestDelay = TimeSpan.FromSeconds(5), CircuitMinimumAttempts = int.MaxValue };
        var pool = new StoreClient(server, CheckRight);
        var store = new RetryingStore(pool, retry, Process.Clock, world.Random.NextDouble);
        var options = new EngineOptions
        {
            SourceName = SourceName,
            CacheFolder = cacheFolder,
            BudgetBytes = setting.BudgetBytes,
            DecodeWorkers = 2,
            Batching = new BatchingOptions { FlushAfter = setting.FlushAfter, FlushRows = setting.FlushRows },
            IdleFlushAfter = setting.IdleFlushAfter,
            Tick = TimeSpan.FromMilliseconds(200),

            Housekeeping = setting.Housekeeping,
            HandOverMax = TimeSpan.FromSeconds(15),
            CheckpointInterval = setting.CheckpointInterval,
        };
        _engine = new IngestEngine(options, SimulatedCity.Catalog, new EngineServices
        {
            Pool = store,
            PoolBeside = new RetryingStore(pool, retry.Beside, Process.Clock, world.Random.NextDouble),
            StoreFault = () => store.Health.IsWell ? null : "failing",
            Ids = new SeededIdSource(world.Random.Next()),
            Files = setting.Files,
            Time = Process.Clock,
            Scheduler = Process,
            Logger = new ProcessLog(world, name),
        });
        Member = new Member(world, Process, broker, _engine.Budget, setting.PollMax);
        _running = Process.Start(RunAsync);
    }

    public Process Process { get; }

    public Member Member { get; }

    public string CacheFolder { get; }

    /// <summary>Called once, when the worker next creates an object.</summary>
    public Action<SimulatedWorker>? FreezeAtCommit { get; set; }

    public bool HasEnded => _running.IsCompleted;

    public bool IsStopping { get; private set; }

    public EngineStatus Status => _engine.Status;

    public IReadOnlyList<string> Halted => Status.Halted;

    /// <summary>Asks it to end in good order.</summary>
    public void Stop()
    {
        IsStopping = true;
        Process.Do(_stop.Cancel);
    }

    public void Dispose()
    {
        _engine.Dispose();
        _stop.Dispose();
    }

    /// <summary>A log entry must not move a partition that this worker has lost or handed over, however it knows.</summary>
    private void CheckRight(string name, byte[] content)
    {
        if (FreezeAtCommit is { } freeze && _world.Chance(0.3))
        {
            FreezeAtCommit = null;
            freeze(this);
        }

        if (!name.EndsWith(".json", StringComparison.Ordinal)) return;
        foreach (var partition in _broker.Partitions)
        {
            if (!Member.Holds(partition) && content.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"\"topic\":\"{partition.Topic}\",\"partition\":{partition.Partition},")) >= 0)
                _world.Fail($"{Process.Name} commits {partition}, which it does not hold: {name}");
        }
    }

    private async Task RunAsync()
    {
        try
        {
            await _engine.RunAsync(Member, _stop.Token);
        }
#pragma warning disable CA1031 // Whatever ends a worker by itself is a finding.
        catch (Exception ended) when (!_stop.IsCancellationRequested || ended is not OperationCanceledException)
#pragma warning restore CA1031
        {
            _world.Fail($"{Process.Name} ended by itself: {ended}");
        }
    }

    /// <summary>What the worker logs goes into the trace, when there is one.</summary>
    private sealed class ProcessLog(World world, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => world.IsTracing;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            world.Trace($"{name}: {formatter(state, exception)}{(exception is null ? "" : $" ({exception.Message})")}");
    }
}
