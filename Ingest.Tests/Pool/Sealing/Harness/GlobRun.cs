using System.Globalization;
using System.Text;
using DuckDB.NET.Data;
using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Housekeeping;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;
using Ingest.Core.Transfers.Kafka;
using Ingest.Tests.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Tests.Pool.Sealing.Harness;

/// <summary>
/// A whole worker ingests, merges and seals, a second sealer seals everything now and then, and files are vacuumed, while DuckDB reads the table again and again:
/// by a glob over the partition folders, and by the log's list of files. Worker and sealer are killed at random calls to the store, and others take their places. Used by a test, and by the
/// program that measures. A read opens all files that there are, so each run has a table of its own.
/// </summary>
public sealed class GlobRun : IDisposable
{
    /// <summary>Polls between two sealings of everything. Each makes some more files, and each poll opens them all.</summary>
    private const int PollsOfASealing = 8;

    private const string Topic = "housing.payments";

    private const string Contract = """
        dataset: payments
        topics: [{ topic: housing.payments, department: housing }]
        format: json
        time_zone: Asia/Shanghai
        event_date: paid_on
        columns:
          - { name: id, type: long, required: true }
          - { name: paid_on, type: date, required: true }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("ingest-glob-").FullName;
    private readonly EmbeddedBroker _broker = new();
    private readonly TransferPublisher _publisher;
    private readonly DuckDBConnection _duck = new("DataSource=:memory:");
    private readonly SemaphoreSlim _vacuuming = new(1);
    private readonly SemaphoreSlim _sealing = new(0);
    private readonly Catalog _catalog;
    private readonly IObjectStore _store;
    private readonly List<string> _problems = [];
    private readonly Random _workerDeaths;
    private readonly Random _sealerDeaths;
    private long _published;

    /// <param name="seed">Says where processes are killed.</param>
    public GlobRun(int seed)
    {
        _workerDeaths = new Random(seed);
        _sealerDeaths = new Random(~seed);
        _catalog = CatalogLoader.Load([new ContractSource("payments.yaml", Contract)]).Catalog ?? throw new InvalidOperationException("The contract is wrong.");
        _broker.CreateTopic(Topic, 1);
        _publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = _broker.BootstrapServers, Compression = "none" });
        _store = new PrefixedStore(new LocalStore(Path.Combine(_folder, "pool"), IdSource.System), "payments");
        _duck.Open();

        // Small files, and many: more threads would only wait for each other.
        using var command = _duck.CreateCommand();
        command.CommandText = "SET threads = 1";
        command.ExecuteNonQuery();
    }

    public int GlobPolls { get; private set; }

    public int LogPolls { get; private set; }

    public long Seals { get; private set; }

    public long Vacuumed { get; private set; }

    /// <summary>Workers and sealers that were killed.</summary>
    public (int Workers, int Sealers) Killed { get; private set; }

    /// <summary>Rows that a glob showed at most, and the log at the end.</summary>
    public (long Glob, long Log) Rows { get; private set; }

    /// <summary>Polls so often, half by glob and half by log, and on until a worker and a sealer were killed; returns what was wrong, a sentence each.</summary>
    /// <param name="polled">Told after each pair of polls.</param>
    public async Task<IReadOnlyList<string>> RunAsync(int polls, Action? polled, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var working = WorkAsync(stop.Token);
        var keeping = KeepAsync(stop.Token);
        while (IsGoingOn() && _problems.Count == 0 && !working.IsCompleted && !keeping.IsCompleted)
        {
            Publish();
            var before = GlobPolls + LogPolls;
            PollGlob();
            await PollLogAsync(cancellation);
            if (GlobPolls + LogPolls == before) await Task.WhenAny(working, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellation));
            if ((GlobPolls + LogPolls) / PollsOfASealing != before / PollsOfASealing) _sealing.Release();
            polled?.Invoke();
        }

        await stop.CancelAsync();
        await working;
        await keeping;
        await PollLogAsync(cancellation);
        PollGlob();
        return _problems;

        // How far workers and sealers get meanwhile depends on the machine: with nobody killed the polls say nothing.
        bool IsGoingOn() => GlobPolls + LogPolls < polls || (Killed is { Workers: 0 } or { Sealers: 0 } && GlobPolls + LogPolls < 20 * polls);
    }

    public void Dispose()
    {
        _duck.Dispose();
        _publisher.Dispose();
        _broker.Dispose();
        _vacuuming.Dispose();
        _sealing.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A handful of records over three dates.</summary>
    private void Publish()
    {
        for (var i = 0; i < 5; i++, _published++)
            _publisher.Publish(Topic, null, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"id":{{_published}},"paid_on":"2026-03-0{{1 + (_published % 3)}}"}""")), CancellationToken.None);
    }

    /// <summary>One worker after the other; the last one ends in order.</summary>
    private async Task WorkAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var store = new MortalStore(new LocalStore(Path.Combine(_folder, "pool"), IdSource.System), _workerDeaths.Next(200, 3_000), _workerDeaths.Next(2) == 0);
            using var dead = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var running = RunWorkerAsync(store, dead.Token);
            if (await Task.WhenAny(running, store.Death) == store.Death) await dead.CancelAsync();
            try
            {
                await running;
            }
            catch (Exception) when (store.Death.IsCompleted)
            {
                // However it takes its death: nothing of it gets to the store any more.
            }

            await store.EndedAsync();
            if (store.Death.IsCompleted) Killed = Killed with { Workers = Killed.Workers + 1 };
        }
    }

    private async Task RunWorkerAsync(IObjectStore pool, CancellationToken stop)
    {
        var options = new EngineOptions
        {
            CacheFolder = Path.Combine(_folder, "cache"),
            Batching = new Core.Batching.BatchingOptions { FlushAfter = TimeSpan.FromMilliseconds(20) },
            CheckpointInterval = 10,
            Housekeeping = new HousekeepingOptions { Interval = TimeSpan.FromMilliseconds(100), LeaseTerm = TimeSpan.FromSeconds(2), Sealing = new SealingOptions { MergeFiles = 4 } },
        };
        using var engine = new IngestEngine(options, _catalog, new EngineServices { Pool = pool, Logger = NullLogger.Instance });
        var kafka = new KafkaOptions { BootstrapServers = _broker.BootstrapServers, GroupId = "glob", Properties = EmbeddedBroker.ConsumerProperties };
        using var source = new KafkaTransferSource(kafka, [Topic], engine.Budget, TimeProvider.System, NullLogger.Instance);
        await engine.RunAsync(source, stop);
    }

    /// <summary>Seals everything, again and again, beside the worker's own sealing, and deletes what a reader of the newest version does not need.</summary>
    private async Task KeepAsync(CancellationToken stop)
    {
        try
        {
            while (true) await KeepUntilDeathAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end.
        }
    }

    private async Task KeepUntilDeathAsync(CancellationToken stop)
    {
        var work = Directory.CreateDirectory(Path.Combine(_folder, "work")).FullName;
        var store = new MortalStore(_store, _sealerDeaths.Next(20, 1_000), _sealerDeaths.Next(2) == 0);
        var sealer = new TableSealer(_catalog.Datasets[0], store, new SealerServices(work, IdSource.System, TimeProvider.System, Throttle.None(TimeProvider.System), NullLogger.Instance), new SealingOptions());
        try
        {
            while (true)
            {
                await _sealing.WaitAsync(stop);
                if (await LogReader.LoadAsync(store, stop) is null) continue;
                while (await sealer.RunOnceAsync(SealScope.All, CancellationToken.None) is not null) Seals++;
                await VacuumAsync(store);
            }
        }
        catch (MortalStore.KilledException)
        {
            Killed = Killed with { Sealers = Killed.Sealers + 1 };
        }
    }

    /// <summary>The retention stands for the longest query: none by log runs meanwhile. Files that commits are writing are younger.</summary>
    private async Task VacuumAsync(IObjectStore store)
    {
        await _vacuuming.WaitAsync();
        try
        {
            Vacuumed += (await Vacuum.RunAsync(store, TimeSpan.FromSeconds(10), delete: true, IdSource.System, TimeProvider.System, _folder, null, CancellationToken.None)).Files;
        }
        finally
        {
            _vacuuming.Release();
        }
    }

    private void PollGlob()
    {
        var table = Path.Combine(_folder, "pool", "payments");
        if (!Directory.Exists(table) || !Directory.EnumerateDirectories(table, "department=*").Any()) return;
        var (rows, distinct, _) = Ask($"'{table}/department=*/event_date=*/*.parquet'");
        GlobPolls++;
        if (rows != distinct) _problems.Add($"A glob shows {rows} rows, of {distinct} records.");
        if (rows < Rows.Glob) _problems.Add($"A glob shows {rows} rows, and showed {Rows.Glob} before.");
        Rows = Rows with { Glob = rows };
    }

    private async Task PollLogAsync(CancellationToken cancellation)
    {
        await _vacuuming.WaitAsync(cancellation);
        try
        {
            if (await LogReader.LoadAsync(_store, cancellation) is not { LiveFiles: > 0 } snapshot) return;
            var files = await LogReader.LiveFilesAsync(_store, snapshot.Version, cancellation);
            var (rows, distinct, last) = Ask($"[{string.Join(", ", files.Keys.Select(f => $"'{Path.Combine(_folder, "pool", "payments", f)}'"))}]");
            LogPolls++;

            // One partition of Kafka: what is committed is a beginning of what was published.
            var stored = snapshot.Txns.Values.Max();
            if (rows != distinct || rows != stored || last != stored - 1) _problems.Add($"Version {snapshot.Version} has {rows} rows of {distinct} records up to {last}, and its offset is {stored}.");
            Rows = Rows with { Log = rows };
        }
        finally
        {
            _vacuuming.Release();
        }
    }

    private (long Rows, long Distinct, long Last) Ask(string files)
    {
        using var command = _duck.CreateCommand();
        command.CommandText = $"SELECT count(*), count(DISTINCT id), coalesce(max(id), -1) FROM read_parquet({files}, union_by_name=true, hive_partitioning=true)";
        using var reader = command.ExecuteReader();
        reader.Read();
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
    }
}
