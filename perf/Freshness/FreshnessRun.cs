using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers.Kafka;
using Ingest.Perf.Compare;
using Ingest.Perf.Workloads;
using TopicPartition = Ingest.Core.Transfers.TopicPartition;

namespace Ingest.Perf.Freshness;

/// <summary>How transfers are published.</summary>
internal sealed record Pace(double TransfersASecond, int Burst, int Seconds)
{
    public static readonly TimeSpan BurstEvery = TimeSpan.FromSeconds(20);

    public long Transfers => (long)(TransfersASecond * Seconds) + ((long)Burst * (long)(Seconds / BurstEvery.TotalSeconds));

    /// <summary>Transfers that should be out after so long.</summary>
    public long DueAfter(TimeSpan time) => Math.Min(Transfers, (long)(TransfersASecond * time.TotalSeconds) + ((long)Burst * (long)(time / BurstEvery)));
}

/// <summary>Latency of every transfer, and what the table got for it.</summary>
internal sealed record FreshnessFigures(double[] Seconds, long Commits, long Files);

/// <summary>One worker at work, one publisher at its pace, and an eye on the table's log.</summary>
internal sealed class FreshnessRun : IDisposable
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    private readonly Workload _work;
    private readonly KafkaAccess _kafka;
    private readonly string _pool;
    private readonly Process _worker;
    private readonly List<long>[] _publishedAt = [.. Enumerable.Range(0, Workload.Departments).Select(_ => new List<long>())];
    private readonly long[] _seen = new long[Workload.Departments];
    private readonly List<double> _seconds = [];

    public FreshnessRun(Workload work, KafkaAccess kafka, string pool, string contracts, TimeSpan flushAfter)
    {
        (_work, _kafka, _pool) = (work, kafka, pool);
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Ingest.Worker"))
        {
            ArgumentList =
            {
                "run", $"--Ingest:Kafka:BootstrapServers={kafka.Brokers}", $"--Ingest:Kafka:GroupId={work.Name}", $"--Ingest:Pool={pool}", $"--Ingest:Contracts={contracts}",
                $"--Ingest:Table:IndexCache={pool}/cache", "--Ingest:Health:Port=0", "--Logging:LogLevel:Default=Warning", string.Create(CultureInfo.InvariantCulture, $"--Ingest:Batching:FlushAfter={flushAfter}"),
            },
        };
        foreach (var (name, value) in kafka.Properties) start.ArgumentList.Add($"--Ingest:Kafka:Properties:{name}={value}");

        // Topics exist before the worker asks for them, since it asks again only after half a minute.
        using (var publisher = Publisher())
        using (var records = new RecordWriter(work))
        {
            for (var d = 0; d < Workload.Departments; d++) Publish(publisher, records, d);
            publisher.Flush(CancellationToken.None);
        }

        _worker = Process.Start(start) ?? throw new ContestException("The worker does not start.");
    }

    public async Task<FreshnessFigures> RunAsync(Pace pace, CancellationToken cancellation)
    {
        // The first transfers of all bring the table into being, and the worker to speed.
        var store = new PrefixedStore(new LocalStore(Directory.CreateDirectory(_pool).FullName, IdSource.System), _work.Dataset);
        var table = await FirstCommitAsync(store, cancellation).ConfigureAwait(false);
        _seconds.Clear();
        var (commits, files) = (table.Current.Version, table.Current.LiveFiles);
        var publishing = Task.Factory.StartNew(() => PublishAll(pace, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var started = Stopwatch.GetTimestamp();
        while (_seconds.Count < pace.Transfers)
        {
            await LookAsync(table, cancellation).ConfigureAwait(false);
            if (publishing.IsFaulted) await publishing.ConfigureAwait(false);
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(pace.Seconds) + s_patience) throw new ContestException($"{_seconds.Count} of {pace.Transfers} transfers are in the table after {pace.Seconds} s and {s_patience.TotalMinutes} minutes.");
            await Task.Delay(s_look, cancellation).ConfigureAwait(false);
        }

        await publishing.ConfigureAwait(false);
        return new FreshnessFigures([.. _seconds], table.Current.Version - commits, table.Current.LiveFiles - files);
    }

    public void Dispose()
    {
        if (!_worker.HasExited) _worker.Kill(entireProcessTree: true);
        _worker.WaitForExit();
        _worker.Dispose();
    }

    private async Task<DeltaTable> FirstCommitAsync(PrefixedStore store, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        DeltaTable? table = null;
        while (_seconds.Count < Workload.Departments)
        {
            if (_worker.HasExited || Stopwatch.GetElapsedTime(started) > s_patience) throw new ContestException("The worker has not committed the first transfers.");
            await Task.Delay(s_look, cancellation).ConfigureAwait(false);
            table ??= await DeltaTable.OpenAsync(store, _work.Dataset, IdSource.System, TimeProvider.System, cancellation).ConfigureAwait(false);
            if (table is not null) await LookAsync(table, cancellation).ConfigureAwait(false);
        }

        return table!;
    }

    /// <summary>Notes how old each transfer is that has come into the table since the last look.</summary>
    private async Task LookAsync(DeltaTable table, CancellationToken cancellation)
    {
        var snapshot = await table.RefreshAsync(cancellation).ConfigureAwait(false);
        var now = Stopwatch.GetTimestamp();
        for (var d = 0; d < Workload.Departments; d++)
        {
            // All of a department's transfers have one key, so they are in one partition, in order.
            var next = 0L;
            foreach (var partition in Enumerable.Range(0, PartitionsMax))
            {
                if (snapshot.Txns.TryGetValue(AppId.For("kafka", new TopicPartition(_work.Topic(d), partition)), out var stored)) next = Math.Max(next, stored);
            }

            lock (_publishedAt[d])
            {
                for (; _seen[d] < next; _seen[d]++) _seconds.Add(Stopwatch.GetElapsedTime(_publishedAt[d][(int)_seen[d]], now).TotalSeconds);
            }
        }
    }

    private const int PartitionsMax = 8;

    private void PublishAll(Pace pace, CancellationToken cancellation)
    {
        using var publisher = Publisher();
        using var records = new RecordWriter(_work);
        for (var d = 0; d < Workload.Departments; d++) records.Next(d); // published already
        var started = Stopwatch.GetTimestamp();
        for (var sent = 0L; sent < pace.Transfers;)
        {
            for (var due = pace.DueAfter(Stopwatch.GetElapsedTime(started)); sent < due; sent++) Publish(publisher, records, Workload.Departments + sent);
            cancellation.WaitHandle.WaitOne(1);
            cancellation.ThrowIfCancellationRequested();
        }

        var report = publisher.Flush(cancellation);
        if (report.Failed > 0) throw new ContestException($"{report.Failed} transfers were not delivered: {report.FirstError}");
    }

    private void Publish(TransferPublisher publisher, RecordWriter records, long message)
    {
        var (department, payload) = records.Next(message);
        lock (_publishedAt[department]) _publishedAt[department].Add(Stopwatch.GetTimestamp());
        publisher.Publish(_work.Topic(department), Workload.Department(department), payload, CancellationToken.None);
    }

    private TransferPublisher Publisher() => new(new PublisherOptions { BootstrapServers = _kafka.Brokers, Properties = _kafka.Properties, Idempotent = !_kafka.IsOld });
}
