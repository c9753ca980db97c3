using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers.Kafka;
using Ingest.Perf.Workloads;
using Ingest.Worker.Commands;
using Ingest.Worker.Configuration;

namespace Ingest.Perf.Memory;

/// <summary><c>memory</c>: the worker's peak resident memory in each case of the memory contract, under a limit that kills.</summary>
internal static class MemoryCommand
{
    private const long MarginBytes = 256L << 20;

    public static Command Create()
    {
        var only = new Option<string[]>("--case") { Description = "Only these: backlog, wide, dates, large, huge, stall.", AllowMultipleArgumentsPerToken = true };
        var scale = new Option<double>("--scale") { Description = "Makes every case smaller in number.", DefaultValueFactory = _ => 1 };
        var budget = new Option<string>("--budget") { Description = "Ingest:Memory:Budget.", DefaultValueFactory = _ => "512MiB" };
        var stall = new Option<int>("--stall-seconds") { Description = "How long the disk stalls.", DefaultValueFactory = _ => 180 };
        var work = new Option<string>("--work") { Description = "Folder for pools.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "ingest-memory") };
        var command = new Command("memory", $"Peak resident memory of a worker in each case of the memory contract; PASS is budget + 256 MiB. The backlog wants {KafkaAccess.BrokersVariable}.") { only, scale, budget, stall, work };
        command.SetAction((parse, cancellation) => RunAsync(
            parse.GetValue(only)!, MemoryCases.All(parse.GetValue(scale), TimeSpan.FromSeconds(parse.GetValue(stall))), parse.GetValue(budget)!, Path.GetFullPath(parse.GetValue(work)!), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string[] only, IReadOnlyList<MemoryCase> cases, string budget, string work, CancellationToken cancellation)
    {
        if (!ByteSize.TryParse(budget, out var budgetBytes) || only.Any(o => cases.All(c => c.Name != o)))
        {
            await Console.Error.WriteLineAsync($"Give a --budget such as 512MiB, and of --case {string.Join(", ", cases.Select(c => c.Name))}.").ConfigureAwait(false);
            return ExitCodes.BadConfiguration;
        }

        var missed = 0;
        foreach (var @case in cases.Where(c => only.Length == 0 || only.Contains(c.Name)))
        {
            var folder = Path.Combine(work, $"{@case.Name}-{IdSource.System.Next():N}");
            Directory.CreateDirectory(folder);
            try
            {
                missed += await MeasureAsync(@case, budget, budgetBytes, folder, cancellation).ConfigureAwait(false) ? 0 : 1;
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        return missed == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static async Task<bool> MeasureAsync(MemoryCase @case, string budget, long budgetBytes, string folder, CancellationToken cancellation)
    {
        var kafka = KafkaAccess.FromEnvironment();
        if (@case.NeedsKafka && kafka is null)
        {
            Console.WriteLine($"{@case.Name,-8} SKIP  needs {KafkaAccess.BrokersVariable}");
            return true;
        }

        using var broker = @case.NeedsKafka ? null : new EmbeddedBroker();
        foreach (var (topic, partitions) in @case.Topics) broker?.CreateTopic(topic, partitions);
        var access = broker is null ? kafka! : new KafkaAccess(broker.BootstrapServers, EmbeddedBroker.ConsumerProperties);
        var prefix = broker is null ? $"run{IdSource.System.Next():N}."[..12] + "." : "";
        Publish(@case, access, prefix, cancellation);

        using var disk = @case.Stall > TimeSpan.Zero ? StallingDisk.TryMount(folder) : null;
        if (@case.Stall > TimeSpan.Zero && disk is null)
        {
            Console.WriteLine($"{@case.Name,-8} SKIP  needs a user who may mount a disk");
            return true;
        }

        var limit = budgetBytes + MarginBytes;
        using var cgroup = MemoryCgroup.TryCreate($"ingest-{@case.Name}-{IdSource.System.Next():N}", limit);
        var started = Stopwatch.GetTimestamp();
        using var worker = LimitedWorker.Start(Arguments(@case, access, prefix, budget, folder, disk), cgroup);
        var watching = worker.WatchAsync(cancellation);
        if (disk is not null) await disk.StallAsync(@case.Stall, PoolOf(folder, disk), () => worker.HasExited, cancellation).ConfigureAwait(false);
        var (exitCode, peak, anonymous, output) = await watching.ConfigureAwait(false);

        var store = new PrefixedStore(new LocalStore(PoolOf(folder, disk), IdSource.System), @case.Dataset);
        var rows = exitCode == 0 ? (await LogReader.LoadAsync(store, cancellation).ConfigureAwait(false))?.LiveRows ?? 0 : -1;
        var passed = exitCode == 0 && peak <= limit && rows == @case.Rows;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{@case.Name,-8} {(passed ? "PASS" : "MISS")}  peak {Output.Bytes(peak)} of {Output.Bytes(limit)} allowed (anonymous {Output.Bytes(anonymous)}{(cgroup is null ? ", limit not enforced" : ", limit enforced by a cgroup")}), {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s, {(exitCode != 0 ? $"ended with {exitCode}" : $"{Output.Count(rows)} of {Output.Count(@case.Rows)} rows")}: {@case.What}"));
        if (!passed) Console.WriteLine(output.Length > 40_000 ? output[^40_000..] : output);
        return passed;
    }

    private static string PoolOf(string folder, StallingDisk? disk) => Path.Combine(disk?.Folder ?? folder, "pool");

    private static IEnumerable<string> Arguments(MemoryCase @case, KafkaAccess access, string prefix, string budget, string folder, StallingDisk? disk)
    {
        var contracts = Directory.CreateDirectory(Path.Combine(folder, "contracts")).FullName;
        var topics = string.Concat(@case.Topics.Select((t, i) => string.Create(CultureInfo.InvariantCulture, $"  - {{ topic: {prefix}{t.Topic}, department: d{i:00} }}\n")));
        File.WriteAllText(Path.Combine(contracts, "case.yaml"), $"dataset: {@case.Dataset}\ntopics:\n{topics}format: json\ntime_zone: Asia/Shanghai\nevent_date: at\ncolumns:\n{@case.Columns}\n");
        yield return "--until-caught-up";
        yield return $"--Ingest:Kafka:BootstrapServers={access.Brokers}";
        yield return $"--Ingest:Kafka:GroupId=memory-{IdSource.System.Next():N}";
        yield return $"--Ingest:Pool={PoolOf(folder, disk)}";
        yield return $"--Ingest:Contracts={contracts}";
        yield return $"--Ingest:Table:IndexCache={Path.Combine(folder, "cache")}";
        yield return $"--Ingest:Memory:Budget={budget}";
        yield return "--Ingest:Store:RetryDelayMax=00:00:05";
        yield return "--Ingest:Health:Port=0";
        foreach (var (name, value) in access.Properties) yield return $"--Ingest:Kafka:Properties:{name}={value}";
    }

    private static void Publish(MemoryCase @case, KafkaAccess access, string prefix, CancellationToken cancellation)
    {
        var properties = access.Properties.Where(p => p.Key is not ("session.timeout.ms" or "heartbeat.interval.ms" or "partition.assignment.strategy")).ToDictionary(StringComparer.Ordinal);
        using var publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = access.Brokers, Properties = properties, Idempotent = false, Compression = "none" });
        foreach (var (topic, key, payload) in @case.Transfers) publisher.Publish(prefix + topic, key, payload.ToArray(), cancellation);
        var report = publisher.Flush(cancellation);
        if (report.Failed > 0) throw new InvalidOperationException($"{report.Failed} transfers were not delivered: {report.FirstError}");
    }
}
