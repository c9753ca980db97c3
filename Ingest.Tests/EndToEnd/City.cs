using System.Text;
using DuckDB.NET.Data;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Stores;
using Ingest.Core.Transfers.Kafka;
using Ingest.Worker.Commands;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Tests.EndToEnd;

/// <summary>A broker, a pool and a contract, for tests of the whole: publish, run the engine until it has caught up, ask DuckDB.</summary>
internal sealed class City : IDisposable
{
    public const string Topic = "housing.payments";

    public const string Contract = """
        dataset: payments
        topics: [{ topic: housing.payments, department: housing }]
        format: json
        time_zone: Asia/Shanghai
        event_date: paid_on
        columns:
          - { name: id, type: string, required: true }
          - { name: amount, type: "decimal(12,2)", normalize: [trim, separators] }
          - { name: paid_on, type: date, required: true }
        """;

    private readonly EmbeddedBroker _broker = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ingest-e2e-").FullName;
    private readonly TransferPublisher _publisher;

    /// <summary>A city whose pool is not a folder.</summary>
    /// <param name="kind">local, s3 or azure; skips the test when there is no such server.</param>
    public static City On(string kind) => kind == "local" ? new City() : new City { Pool = Stores.ObjectServers.NewPool(kind) };

    public City(params string[] contracts) : this(2, contracts)
    {
    }

    public City(int partitions, params string[] contracts)
    {
        Catalog = Load(contracts.Length > 0 ? contracts : [Contract]);
        foreach (var topic in Catalog.Topics.Keys) _broker.CreateTopic(topic, partitions);
        _publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = _broker.BootstrapServers, Compression = "none" });
    }

    public Catalog Catalog { get; set; }

    public string Brokers => _broker.BootstrapServers;

    public EmbeddedBroker Broker => _broker;

    public string Folder => _folder;

    /// <summary>Folder, or address.</summary>
    public string Pool { get => field ?? Path.Combine(_folder, "pool"); private init; }

    public string Cache => Path.Combine(_folder, "cache");

    /// <summary>Wraps the pool's store; for faults.</summary>
    public Func<IObjectStore, IObjectStore> Wrap { get; set; } = store => store;

    /// <summary>Wraps the source.</summary>
    public Func<Core.Transfers.ITransferSource, Core.Transfers.ITransferSource> WrapSource { get; set; } = source => source;

    /// <summary>How the workers here reach the store.</summary>
    public StoreOptions StoreOptions { get; set; } = new();

    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>What workers here do for their tables beside ingest.</summary>
    public HousekeepingOptions Housekeeping { get; set; } = new();

    /// <summary>How workers here read; for what defaults are too slow for.</summary>
    public Func<KafkaOptions, KafkaOptions> Kafka { get; set; } = options => options;

    /// <summary>The engine's clock.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    public ILogger Logger { get; set; } = NullLogger.Instance;

    public static Catalog Load(params string[] contracts)
    {
        var result = CatalogLoader.Load(contracts.Select((text, i) => new ContractSource($"contract-{i}.yaml", text)));
        Assert.Empty(result.Errors);
        return result.Catalog!;
    }

    public void Publish(string payload, string topic = Topic, string? key = "k") => Publish(Encoding.UTF8.GetBytes(payload), topic, key);

    public void Publish(byte[] payload, string topic = Topic, string? key = "k") => _publisher.Publish(topic, key, payload, CancellationToken.None);

    public void Delivered() => Assert.Equal(0, _publisher.Flush(CancellationToken.None).Failed);

    /// <summary>Runs a worker until everything published is committed.</summary>
    public async Task<EngineStatus> CatchUpAsync(string source = "kafka", string group = "ingest", string? cache = null)
    {
        Delivered();
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        using var worker = NewWorker(source, group, untilCaughtUp: true, cache);
        await worker.RunAsync(stop.Token);
        Assert.False(stop.IsCancellationRequested, "The worker did not catch up within three minutes.");
        return worker.Engine.Status;
    }

    public EndToEndWorker NewWorker(string source = "kafka", string group = "ingest", bool untilCaughtUp = false, string? cache = null)
    {
        var pool = Wrap(StoreOptions.Open(PoolAddress.Parse(Pool, out _)!, Core.IdSource.System, TimeProvider.System));
        var retry = new StoreRetryOptions { AttemptTimeout = AttemptTimeout, LongestDelay = TimeSpan.FromMilliseconds(500), RefusedDelay = TimeSpan.FromMilliseconds(200), CircuitOpenFor = TimeSpan.FromMilliseconds(500) };
        var store = new RetryingStore(pool, retry, TimeProvider.System);
        var options = new EngineOptions
        {
            SourceName = source,
            CacheFolder = cache ?? Cache,
            UntilCaughtUp = untilCaughtUp,
            Batching = new Core.Batching.BatchingOptions { FlushAfter = TimeSpan.FromMilliseconds(200) },
            IdleFlushAfter = TimeSpan.FromMilliseconds(500),
            Housekeeping = Housekeeping,
        };
        var engine = new IngestEngine(options, Catalog, new EngineServices { Pool = store, PoolBeside = new RetryingStore(pool, retry.Beside, TimeProvider.System), StoreFault = () => store.Health.IsWell ? null : "failing", Time = Time, Logger = Logger });
        var kafka = Kafka(new KafkaOptions { BootstrapServers = _broker.BootstrapServers, GroupId = group, Properties = EmbeddedBroker.ConsumerProperties });
        return new EndToEndWorker(engine, WrapSource(new KafkaTransferSource(kafka, [.. Catalog.Topics.Keys], engine.Budget, TimeProvider.System, Logger)), store);
    }

    /// <summary>Rows of a query over exactly the live files, each row's values joined by '|'.</summary>
    public async Task<string[]> SqlAsync(string sql)
    {
        using var query = new DuckDbQuery();
        var tables = await PoolTables.OpenAsync(Pool, CancellationToken.None);
        foreach (var table in tables.Tables) await PoolViews.AddAsync(query, table, CancellationToken.None);
        using DuckDBDataReader reader = query.Read(sql);
        var rows = new List<string>();
        while (reader.Read()) rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "null" : Convert.ToString(reader.GetValue(i), System.Globalization.CultureInfo.InvariantCulture))));
        return [.. rows];
    }

    public async Task<long> CountAsync(string table = "payments") => long.Parse((await SqlAsync($"select count(*) from \"{table}\"")).Single(), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Every table's account tiles and adds up.</summary>
    public async Task AssertAccountedAsync()
    {
        foreach (var table in (await PoolTables.OpenAsync(Pool, CancellationToken.None)).Tables)
        {
            Assert.Empty((await Core.Pool.Delta.Ledger.ReadAsync(table.Store, CancellationToken.None)).Problems);
            Assert.Null(IndexOpener.Disagreement(table.Snapshot));
        }
    }

    public void Dispose()
    {
        _publisher.Dispose();
        _broker.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
