using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Memory.Harness;

/// <summary>One case of the memory contract, by a real worker under a limit that kills: publishes the transfers, runs the worker until it has caught up, counts the rows.</summary>
internal static class MemoryRun
{
    /// <summary>What a worker may take beyond its budget: the promise.</summary>
    public const long MarginBytes = 256L << 20;

    /// <param name="budget">Ingest:Memory:Budget, as an operator writes it.</param>
    /// <param name="budgetBytes">The same in bytes.</param>
    /// <param name="folder">Empty; for everything that the run writes.</param>
    /// <param name="kafka">Brokers for cases that need a real Kafka; null for an embedded one.</param>
    /// <returns>Null when the case needs what this user may not have: a disk of its own.</returns>
    public static async Task<MemoryResult?> RunAsync(MemoryCase @case, string budget, long budgetBytes, string folder, MemoryBrokers? kafka, CancellationToken cancellation)
    {
        using var disk = @case.Stall > TimeSpan.Zero ? StallingDisk.TryMount(folder) : null;
        if (@case.Stall > TimeSpan.Zero && disk is null) return null;
        using var embedded = kafka is null ? new EmbeddedBroker() : null;
        foreach (var (topic, partitions) in @case.Topics) embedded?.CreateTopic(topic, partitions);
        var brokers = kafka ?? new MemoryBrokers(embedded!.BootstrapServers, EmbeddedBroker.ConsumerProperties, "");
        Publish(@case, brokers, cancellation);

        var limit = budgetBytes + MarginBytes;
        using var cgroup = MemoryCgroup.TryCreate($"ingest-{@case.Name}-{IdSource.System.Next():N}", limit);
        var started = Stopwatch.GetTimestamp();
        var pool = Path.Combine(disk?.Folder ?? folder, "pool");
        using var worker = LimitedWorker.Start(Arguments(@case, brokers, budget, folder, pool), cgroup);
        var watching = worker.WatchAsync(cancellation);
        if (disk is not null) await disk.StallAsync(@case.Stall, pool, () => worker.HasExited, cancellation).ConfigureAwait(false);
        var ended = await watching.ConfigureAwait(false);

        var store = new PrefixedStore(new LocalStore(pool, IdSource.System), @case.Dataset);
        var rows = ended.ExitCode == 0 ? (await LogReader.LoadAsync(store, cancellation).ConfigureAwait(false))?.LiveRows ?? 0 : -1;
        return new MemoryResult(ended, limit, cgroup is not null, rows, @case.Rows, Stopwatch.GetElapsedTime(started));
    }

    private static IEnumerable<string> Arguments(MemoryCase @case, MemoryBrokers brokers, string budget, string folder, string pool)
    {
        var contracts = Directory.CreateDirectory(Path.Combine(folder, "contracts")).FullName;
        var topics = string.Concat(@case.Topics.Select((t, i) => string.Create(CultureInfo.InvariantCulture, $"  - {{ topic: {brokers.TopicPrefix}{t.Topic}, department: d{i:00} }}\n")));
        File.WriteAllText(Path.Combine(contracts, "case.yaml"), $"dataset: {@case.Dataset}\ntopics:\n{topics}format: json\ntime_zone: Asia/Shanghai\nevent_date: at\ncolumns:\n{@case.Columns}\n");
        yield return "--until-caught-up";
        yield return $"--Ingest:Kafka:BootstrapServers={brokers.Servers}";
        yield return $"--Ingest:Kafka:GroupId=memory-{IdSource.System.Next():N}";
        yield return $"--Ingest:Pool={pool}";
        yield return $"--Ingest:Contracts={contracts}";
        yield return $"--Ingest:Table:IndexCache={Path.Combine(folder, "cache")}";
        yield return $"--Ingest:Memory:Budget={budget}";
        yield return "--Ingest:Store:RetryDelayMax=00:00:05";
        yield return "--Ingest:Health:Port=0";
        foreach (var (name, value) in @case.Settings) yield return $"--{name}={value}";
        foreach (var (name, value) in brokers.Properties) yield return $"--Ingest:Kafka:Properties:{name}={value}";
    }

    private static void Publish(MemoryCase @case, MemoryBrokers brokers, CancellationToken cancellation)
    {
        var properties = brokers.Properties.Where(p => p.Key is not ("session.timeout.ms" or "heartbeat.interval.ms" or "partition.assignment.strategy")).ToDictionary(StringComparer.Ordinal);
        using var publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = brokers.Servers, Properties = properties, Idempotent = false, Compression = "none" });
        foreach (var (topic, key, payload) in @case.Transfers) publisher.Publish(brokers.TopicPrefix + topic, key, payload.ToArray(), cancellation);
        var report = publisher.Flush(cancellation);
        if (report.Failed > 0) throw new InvalidOperationException($"{report.Failed} transfers were not delivered: {report.FirstError}");
    }
}

/// <summary>The brokers of a run, what their clients need, and what stands before the names of topics.</summary>
internal sealed record MemoryBrokers(string Servers, IReadOnlyDictionary<string, string> Properties, string TopicPrefix);

/// <summary>How a run ended.</summary>
/// <param name="LimitBytes">What the worker was allowed.</param>
/// <param name="IsEnforced">By a control group that would have killed it.</param>
/// <param name="Rows">Rows in the table; -1 when the worker did not end well.</param>
internal sealed record MemoryResult(LimitedWorker.Ended Worker, long LimitBytes, bool IsEnforced, long Rows, long RowsExpected, TimeSpan Took)
{
    public bool Passed => Worker.ExitCode == 0 && Worker.PeakBytes <= LimitBytes && Rows == RowsExpected;
}
