using System.Diagnostics;
using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Stores;
using Ingest.Core.Transfers.Kafka;
using Ingest.Worker.Hosting;
using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Demo;

/// <summary>The main job on an embedded broker: the real source, the real engine, the real store; only the departments are made up.</summary>
/// <param name="sourceName">Another for each run: each embedded broker is a cluster of its own, whose offsets begin at 0.</param>
internal sealed class DemoRun(CityPlan plan, string sourceName, Catalog catalog, string pool, ILoggerFactory loggers)
{
    // The embedded broker remembers some 5 MB a partition and forgets the oldest: publish no further ahead of the worker than about half of that.
    private const int BytesAheadOfPartition = 2_500_000;
    private const int BytesOfRecord = 250;

    private IngestEngine? _engine;
    private long _published;

    public long Published => Volatile.Read(ref _published);

    public Core.Flow.Telemetry.EngineStatus Status => _engine?.Status ?? Core.Flow.Telemetry.EngineStatus.Starting;

    public TimeSpan Took { get; private set; }

    /// <summary>Publishes everything, and returns when everything is committed.</summary>
    public async Task RunAsync(Truth truth, CancellationToken cancellation)
    {
        // At once a task, so that the caller can show how far it is and an interruption finds something to wait for.
        await Task.Yield();
        using var broker = new EmbeddedBroker();
        foreach (var topic in plan.DepartmentsOf(catalog)) broker.CreateTopic(topic.Topic, 1);
        var topics = plan.DepartmentsOf(catalog).Select(t => t.Topic).ToArray();
        var kafka = new KafkaOptions { BootstrapServers = broker.BootstrapServers, Properties = new Dictionary<string, string>(EmbeddedBroker.ConsumerProperties) };
        var options = new EngineOptions
        {
            SourceName = sourceName,
            CacheFolder = Path.Combine(Path.GetTempPath(), "ingest-index"),

            // Nobody waits for a row here: few large commits, and at the end one of all that is open, as at any stop.
            Batching = new BatchingOptions { FlushAfter = TimeSpan.FromSeconds(10) },
            HandOverMax = TimeSpan.FromMinutes(5),
        };
        var store = PoolStore.Open(new PoolAddress.Folder(pool), new StoreOptions(), new StoreRetryOptions(), TimeProvider.System, loggers.CreateLogger("Ingest.Store"));
        using var engine = _engine = new IngestEngine(options, catalog, new EngineServices { Pool = store.Store, PoolBeside = store.Beside, StoreFault = () => store.Fault, Logger = loggers.CreateLogger("Ingest") });
        using var source = new KafkaTransferSource(kafka, topics, engine.Budget, TimeProvider.System, loggers.CreateLogger("Ingest.Kafka"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

        var started = Stopwatch.GetTimestamp();
        var working = engine.RunAsync(source, stop.Token);
        try
        {
            await PublishAsync(broker.BootstrapServers, truth, working, cancellation).ConfigureAwait(false);
            while (!working.IsCompleted && Status.Transfers < Published) await WaitAsync(working, cancellation).ConfigureAwait(false);
        }
        finally
        {
            // Commits what is open, also when the run is interrupted or publishing fails.
            await stop.CancelAsync().ConfigureAwait(false);
            await working.ConfigureAwait(false);
            Took = Stopwatch.GetElapsedTime(started);
        }

        cancellation.ThrowIfCancellationRequested();
    }

    private async Task PublishAsync(string brokers, Truth truth, Task working, CancellationToken cancellation)
    {
        using var publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = brokers, Compression = "none" });
        var ahead = Math.Clamp((long)BytesAheadOfPartition * plan.Departments / (BytesOfRecord * plan.RecordsPerTransfer), 10, 15_000);
        foreach (var (topic, department, payload) in plan.Make(catalog, truth))
        {
            publisher.Publish(topic, department, payload, cancellation);
            Interlocked.Increment(ref _published);
            while (Published - Status.Transfers > ahead && !working.IsCompleted) await WaitAsync(working, cancellation).ConfigureAwait(false);
            if (working.IsCompleted) break;
        }

        var report = publisher.Flush(cancellation);
        if (report.Failed > 0) throw new InvalidOperationException($"The embedded broker did not take {report.Failed} transfers: {report.FirstError}");
        truth.Flush();
    }

    /// <summary>Looks again in a moment, or at once when the worker has ended.</summary>
    private static async Task WaitAsync(Task working, CancellationToken cancellation)
    {
        await Task.WhenAny(working, Task.Delay(TimeSpan.FromMilliseconds(20), cancellation)).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
    }
}
