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
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Tests.Pool.Sealing.Harness;

/// <summary>
/// A whole worker ingests, merges and seals, a second sealer seals everything now and then, and files are vacuumed, while DuckDB reads the table again and again:
/// by a glob over the partition folders, and by the log's list of files. Used by a test, and by the program that measures.
/// </summary>
public sealed class GlobRun : IDisposable
{
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
    private readonly Catalog _catalog;
    private readonly IObjectStore _store;
    private readonly List<string> _problems = [];
    private long _published;

    public GlobRun()
    {
        _catalog = CatalogLoader.Load([new ContractSource("payments.yaml", Contract)]).Catalog ?? throw new InvalidOperationException("The contract is wrong.");
        _broker.CreateTopic(Topic, 1);
        _publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = _broker.BootstrapServers, Compression = "none" });
        _store = new PrefixedStore(new LocalStore(Path.Combine(_folder, "pool"), IdSource.System), "payments");
        _duck.Open();
    }

    public int GlobPolls { get; private set; }

    public int LogPolls { get; private set; }

    public long Seals { get; private set; }

    public long Vacuumed { get; private set; }

    /// <summary>Rows that a glob showed at most, and the log at the end.</summary>
    public (long Glob, long Log) Rows { get; private set; }

    /// <summary>Polls so often, half by glob and half by log; returns what was wrong, a sentence each.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(int polls, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var options = new EngineOptions
        {
            CacheFolder = Path.Combine(_folder, "cache"),
            Batching = new Core.Batching.BatchingOptions { FlushAfter = TimeSpan.FromMilliseconds(20) },
            CheckpointInterval = 10,
            Housekeeping = new HousekeepingOptions { Interval = TimeSpan.FromMilliseconds(100), Sealing = new SealingOptions { MergeFiles = 4 } },
        };
        using var engine = new IngestEngine(options, _catalog, new EngineServices { Pool = new LocalStore(Path.Combine(_folder, "pool"), IdSource.System), Logger = NullLogger.Instance });
        var kafka = new KafkaOptions { BootstrapServers = _broker.BootstrapServers, GroupId = "glob", Properties = EmbeddedBroker.ConsumerProperties };
        using var source = new KafkaTransferSource(kafka, [Topic], engine.Budget, TimeProvider.System, NullLogger.Instance);
        var running = engine.RunAsync(source, stop.Token);
        var keeping = KeepAsync(stop.Token);
        while (GlobPolls + LogPolls < polls && _problems.Count == 0 && !running.IsCompleted && !keeping.IsCompleted)
        {
            Publish();
            var before = GlobPolls + LogPolls;
            PollGlob();
            await PollLogAsync(cancellation);
            if (GlobPolls + LogPolls == before) await Task.WhenAny(running, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellation));
        }

        await stop.CancelAsync();
        await running;
        await keeping;
        await PollLogAsync(cancellation);
        PollGlob();
        return _problems;
    }

    public void Dispose()
    {
        _duck.Dispose();
        _publisher.Dispose();
        _broker.Dispose();
        _vacuuming.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A handful of records over three dates.</summary>
    private void Publish()
    {
        for (var i = 0; i < 5; i++, _published++)
            _publisher.Publish(Topic, null, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"id":{{_published}},"paid_on":"2026-03-0{{1 + (_published % 3)}}"}""")), CancellationToken.None);
    }

    /// <summary>Seals everything, again and again, beside the worker's own sealing, and deletes what a reader of the newest version does not need.</summary>
    private async Task KeepAsync(CancellationToken stop)
    {
        var work = Directory.CreateDirectory(Path.Combine(_folder, "work")).FullName;
        var sealer = new TableSealer(_catalog.Datasets[0], _store, new SealerServices(work, IdSource.System, TimeProvider.System, Throttle.None(TimeProvider.System), NullLogger.Instance), new SealingOptions());
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, stop);
                if (await LogReader.LoadAsync(_store, stop) is null) continue;
                while (await sealer.RunOnceAsync(SealScope.All, CancellationToken.None) is not null) Seals++;
                await VacuumAsync();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end.
        }
    }

    /// <summary>The retention stands for the longest query: none by log runs meanwhile. Files that commits are writing are younger.</summary>
    private async Task VacuumAsync()
    {
        await _vacuuming.WaitAsync();
        try
        {
            Vacuumed += (await Vacuum.RunAsync(_store, TimeSpan.FromSeconds(20), delete: true, TimeProvider.System, null, CancellationToken.None)).Files;
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
