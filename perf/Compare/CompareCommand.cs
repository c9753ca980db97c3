using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Perf.Compare.Contenders;
using Ingest.Perf.Stores;
using Ingest.Perf.Workloads;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Compare;

/// <summary><c>compare</c>: the service and its rivals over the same records, in turns, into RESULTS.md.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var records = new Option<long>("--records") { Description = "Records of each workload.", DefaultValueFactory = _ => 2_000_000 };
        var runs = new Option<int>("--runs") { Description = "Runs of each contender; figures are their medians.", DefaultValueFactory = _ => 5 };
        var workload = new Option<string>("--workload") { Description = "batch, single or all.", DefaultValueFactory = _ => "all" };
        var only = new Option<string[]>("--only") { Description = "Only these contenders, by name.", AllowMultipleArgumentsPerToken = true };
        var stores = new Option<string[]>("--store") { Description = "Instead of rivals: the service alone, into a folder and into each of these pools. " + StoreAddresses.Help, AllowMultipleArgumentsPerToken = true };
        var delay = new Option<int>("--store-delay-ms") { Description = $"With --store: S3 stores once more, as if they answered so many milliseconds later. Wants their address in {StoreAddresses.S3Endpoint}, by plain HTTP." };
        var worker = new Option<string>("--worker") { Description = "Folder of a published worker to measure, such as the image holds; by default the one built with this program." };
        var folder = new Option<string>("--work") { Description = "Folder for files and results of contenders.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "ingest-perf") };
        var output = new Option<string>("--output") { Description = "Report to write.", DefaultValueFactory = _ => Path.Combine("perf", "RESULTS.md") };
        var command = new Command("compare", $"Measure the service against its rivals. The brokers to use: {KafkaAccess.BrokersVariable}=host:port, {KafkaAccess.PropertiesVariable}=\"name=value;…\".")
        {
            records, runs, workload, only, stores, delay, worker, folder, output,
        };
        workload.AcceptOnlyFromAmong("batch", "single", "all");
        command.SetAction((parse, cancellation) => RunAsync(
            parse.GetValue(workload) is not "all" ? [parse.GetValue(workload)!] : parse.GetValue(stores) is { Length: > 0 } ? ["batch"] : ["batch", "single"],
            parse.GetValue(records), parse.GetValue(runs), parse.GetValue(only)!, parse.GetValue(stores) ?? [], parse.GetValue(delay), parse.GetValue(worker), Path.GetFullPath(parse.GetValue(folder)!), Path.GetFullPath(parse.GetValue(output)!), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string[] workloads, long records, int runs, string[] only, string[] stores, int delay, string? worker, string folder, string output, CancellationToken cancellation)
    {
        var errors = new List<string>();
        if (KafkaAccess.FromEnvironment() is not { } kafka)
        {
            errors.Add($"{KafkaAccess.BrokersVariable} is not set. Give brokers that hold their log on disk, such as {KafkaAccess.BrokersVariable}=127.0.0.1:9092; an embedded one forgets all but the last 5 MB of a partition.");
            kafka = null;
        }

        if (records < 1) errors.Add($"--records is {records}. Give at least 1.");
        if (runs < 1) errors.Add($"--runs is {runs}. Give at least 1, and 5 for figures to publish.");
        var onStores = stores.Length > 0;
        await using var far = delay > 0 && Uri.TryCreate(Environment.GetEnvironmentVariable(StoreAddresses.S3Endpoint), UriKind.Absolute, out var server) && server.Scheme == Uri.UriSchemeHttp
            ? new DelayedEndpoint(server, TimeSpan.FromMilliseconds(delay))
            : null;
        if (delay > 0 && far is null) errors.Add($"--store-delay-ms wants the address of an S3 service in {StoreAddresses.S3Endpoint}, such as http://127.0.0.1:7480.");
        var addresses = StoreAddresses.Parse(stores) ?? [];
        IContender[] all = onStores ? [new WorkerContender(null, worker), .. addresses.Select(s => new WorkerContender(s, worker)), .. Far(addresses, worker, far, delay)] : [.. Contenders(worker)];
        if (worker is not null && !File.Exists(Path.Combine(worker, "Ingest.Worker"))) errors.Add($"--worker is {worker}, where there is no Ingest.Worker. Make one with the two dotnet commands of docker/Dockerfile, restore and publish.");
        if (delay > 0 && !addresses.Any(a => a is PoolAddress.S3)) errors.Add("--store-delay-ms wants an S3 store among those of --store.");
        if (onStores && addresses.Count != stores.Length) errors.Add("--store names a pool that cannot be one.");
        var contenders = all.Where(c => only.Length == 0 || only.Contains(c.Name, StringComparer.OrdinalIgnoreCase)).ToArray();
        if (contenders.Length == 0) errors.Add($"--only names no contender. There are {string.Join(", ", all.Select(c => c.Name))}.");
        foreach (var error in errors) await Console.Error.WriteLineAsync(error).ConfigureAwait(false);
        if (errors.Count > 0) return ExitCodes.BadConfiguration;

        var tables = new List<ComparisonTable>();
        try
        {
            foreach (var name in workloads) tables.Add(await MeasureAsync(Workload.Of(name, records), kafka!, contenders, onStores, runs, folder, cancellation).ConfigureAwait(false));
        }
        catch (Exception failure) when (failure is ContestException or InvalidOperationException or TransferSourceException)
        {
            await Console.Error.WriteLineAsync(failure.Message).ConfigureAwait(false);
            return ExitCodes.Failed;
        }

        var command = string.Create(CultureInfo.InvariantCulture, $"dotnet run --project perf -c Release -- compare --records {records} --runs {runs}{(workloads.Length == 1 ? $" --workload {workloads[0]}" : "")}{string.Concat(only.Select(o => $" --only {o}"))}{string.Concat(stores.Select(s => $" --store {s}"))}{(delay > 0 ? $" --store-delay-ms {delay}" : "")}{(worker is null ? "" : $" --worker {Path.GetFileName(Path.TrimEndingDirectorySeparator(worker))}")}");
        await ResultsFile.WriteSectionAsync(output, "machine", ResultsPage.Machine(), cancellation).ConfigureAwait(false);
        foreach (var table in tables) await ResultsFile.WriteSectionAsync(output, $"compare {table.Workload.Name}{(onStores ? " stores" : "")}", ResultsPage.Render(table, command, runs), cancellation).ConfigureAwait(false);
        Console.WriteLine($"Written: {output}");
        return ExitCodes.Ok;
    }

    private static IEnumerable<IContender> Far(IEnumerable<PoolAddress> addresses, string? worker, DelayedEndpoint? far, int delay) =>
        far is null ? [] : addresses.OfType<PoolAddress.S3>().Select(s => new WorkerContender(s, worker, (far, delay)));

    /// <summary>Ours first: the others are compared with it.</summary>
    private static IEnumerable<IContender> Contenders(string? worker)
    {
        yield return new WorkerContender(null, worker);
        yield return new ForkedContender("duckdb", "DuckDB", "the same records in a file: `read_json`, `DISTINCT` over all columns, zstd Parquet partitioned by department and date, 2 threads; no Kafka, nothing remembered for the next run", isWriter: true);
        yield return new ForkedContender("plain", "plain", "a plain .NET service: Confluent.Kafka, `JsonSerializer` to objects, `HashSet`, `ParquetSerializer` (zstd, fastest) for each partition; nothing committed, nothing remembered", isWriter: true);
        yield return new ForkedContender("bare", "bare", "Confluent.Kafka, consume and discard: the floor", isWriter: false);
        if (KcatContender.Find() is { } kcat) yield return kcat;
    }

    private static async Task<ComparisonTable> MeasureAsync(Workload workload, KafkaAccess kafka, IContender[] contenders, bool onStores, int runs, string folder, CancellationToken cancellation)
    {
        Console.WriteLine($"W-{workload.Name}: {Output.Count(workload.Records)} records in {Output.Count(workload.Messages)} messages");
        var started = Stopwatch.GetTimestamp();
        var file = WorkloadFile.Write(workload, folder);
        await WorkloadTopics.PublishAsync(workload, kafka, cancellation).ConfigureAwait(false);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  in file and topics after {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s"));
        var contracts = WorkloadContract.Write(workload, folder);
        var table = new ComparisonTable { Workload = workload, FileBytes = new FileInfo(file).Length, Contenders = contenders, IsByStore = onStores };
        var outputs = new List<string>();
        try
        {
            for (var run = 0; run < runs; run++)
            {
                // Each round begins with another, so that nobody always runs after the same neighbour.
                for (var i = 0; i < contenders.Length; i++)
                {
                    var contender = contenders[(run + i) % contenders.Length];
                    var id = IdSource.System.Next().ToString("N");
                    var stage = new Stage(workload, kafka, file, contracts, $"perf-{id}", Path.Combine(folder, "out-" + id));
                    outputs.Add(stage.Output);
                    var measured = await contender.RunAsync(stage, cancellation).ConfigureAwait(false);
                    table.Add(contender, measured);
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  run {run + 1} {contender.Name,-7} wall {measured.Wall.TotalSeconds,6:F2} s  CPU {measured.Cpu.TotalSeconds,6:F2} s  peak {Output.Bytes(measured.PeakBytes)}{(measured.AllocatedBytes is { } bytes ? $"  {bytes:F0} bytes allocated a record, gen2 {measured.Gen2}" : "")}"));
                }
            }
        }
        finally
        {
            // Not between runs: for five minutes ext4 gives no inode of a deleted file to a new one and passes over each of them anew, which would slow whoever comes next.
            foreach (var output in outputs.Where(Directory.Exists)) Directory.Delete(output, recursive: true);
        }

        return table;
    }
}
