using Ingest.Core;
using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Stores;
using Microsoft.Extensions.Logging;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>A worker: the real engine, with its own process, store connection, consumer and local folder.</summary>
internal sealed class SimulatedWorker : IDisposable
{
    private readonly World _world;
    private readonly CancellationTokenSource _stop = new();
    private readonly IngestEngine _engine;
    private readonly Task _running;

    public SimulatedWorker(World world, string name, ObjectServer server, Broker broker, Catalog catalog, string cacheFolder, SimulationSetting setting, ILogger logger)
    {
        _world = world;
        CacheFolder = cacheFolder;
        Process = new Process(world, name);
        var store = new RetryingStore(new StoreClient(server), new StoreRetryOptions { AttemptTimeout = TimeSpan.FromSeconds(20), LongestDelay = TimeSpan.FromSeconds(5), CircuitMinimumAttempts = int.MaxValue }, Process.Clock, world.Random.NextDouble);
        var options = new EngineOptions
        {
            CacheFolder = cacheFolder,
            BudgetBytes = setting.BudgetBytes,
            DecodeWorkers = 2,
            Batching = new BatchingOptions { FlushAfter = setting.FlushAfter, FlushRows = setting.FlushRows },
            IdleFlushAfter = setting.IdleFlushAfter,
            HandOverMax = TimeSpan.FromSeconds(15),
            CheckpointInterval = setting.CheckpointInterval,
            Housekeeping = new HousekeepingOptions { Enabled = false },
        };
        _engine = new IngestEngine(options, catalog, new EngineServices
        {
            Pool = store,
            StoreFault = () => store.Health.IsWell ? null : "failing",
            Ids = new SeededIdSource(world.Random.Next()),
            Time = Process.Clock,
            Scheduler = Process,
            Logger = logger,
        });
        Member = new Member(world, Process, broker, _engine.Budget);
        _running = Process.Start(RunAsync);
    }

    public Process Process { get; }

    public Member Member { get; }

    public string CacheFolder { get; }

    public bool HasEnded => _running.IsCompleted;

    public IReadOnlyList<string> Halted => _engine.Status.Halted;

    /// <summary>Asks it to end in good order.</summary>
    public void Stop() => Process.Do(_stop.Cancel);

    public void Dispose()
    {
        _engine.Dispose();
        _stop.Dispose();
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
}
