using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Ingest.Core;
using Ingest.Core.Stores;
using Ingest.Perf.Stores;

namespace Ingest.Perf.Compare.Contenders;

/// <summary>The service itself, as an operator runs it: from Kafka to committed Delta tables, index and ledger included.</summary>
/// <param name="store">Where its pools are; null for folders.</param>
/// <param name="published">Folder of a published worker; null for the one built with this program.</param>
/// <param name="far">What stands before the store, and how many milliseconds away it seems; null for nothing. S3 only.</param>
internal sealed partial class WorkerContender(PoolAddress? store = null, string? published = null, (DelayedEndpoint Endpoint, int Milliseconds)? far = null) : IContender
{
    public string Name => store is null ? "Ingest" : $"Ingest, {StoreAddresses.Kind(store)}{(far is { } away ? $", {away.Milliseconds} ms" : "")}";

    public string What => store is null
        ? "`Ingest.Worker run --until-caught-up`: Kafka to committed Delta tables (zstd Parquet, persistent index, offsets in the same commit)" + (published is null ? "" : "; the program as the image has it, compiled ahead of time")
        : $"the same into {(store is PoolAddress.S3 ? "an S3 bucket" : store is PoolAddress.Folder ? "a folder" : "an Azure container")}; the server, on the same machine, is not in its CPU but competes for the cores{(far is { } away ? $". It answers {away.Milliseconds} ms later than it does" : "")}";

    public Task<Measurement> RunAsync(Stage stage, CancellationToken cancellation) => RunAsync(stage, check: true, cancellation);

    /// <param name="check">Whether DuckDB counts the rows afterwards.</param>
    public async Task<Measurement> RunAsync(Stage stage, bool check, CancellationToken cancellation)
    {
        var pool = store is null ? stage.Output : $"{store}/{stage.Group}";
        var start = new ProcessStartInfo(Path.Combine(published ?? AppContext.BaseDirectory, "Ingest.Worker"))
        {
            ArgumentList =
            {
                "run", "--until-caught-up", $"--Ingest:Kafka:BootstrapServers={stage.Kafka.Brokers}", $"--Ingest:Kafka:GroupId={stage.Group}", $"--Ingest:Pool={pool}",
                $"--Ingest:Contracts={stage.Contracts}", $"--Ingest:Table:IndexCache={stage.Output}-cache", "--Ingest:Health:Port=0", "--Logging:LogLevel:Default=Warning", "--Logging:LogLevel:Ingest.Summary=Debug",
            },
        };
        foreach (var (name, value) in stage.Kafka.Properties) start.ArgumentList.Add($"--Ingest:Kafka:Properties:{name}={value}");
        if (far is { } away) start.Environment[StoreAddresses.S3Endpoint] = away.Endpoint.Address;
        try
        {
            var (measurement, output) = await MeasuredProcess.RunAsync(start, cancellation).ConfigureAwait(false);
            if (check) await ResultCheck.PoolAsync(Name, pool, stage, cancellation).ConfigureAwait(false);
            var summary = Summary().Match(output);
            if (!summary.Success) throw new ContestException($"{Name} ended without its summary:\n{output}");
            return measurement with
            {
                Records = stage.Workload.Records,
                AllocatedBytes = double.Parse(summary.Groups[1].Value, CultureInfo.InvariantCulture),
                Gen2 = int.Parse(summary.Groups[2].Value, CultureInfo.InvariantCulture),
            };
        }
        finally
        {
            if (store is not null) await StoreAddresses.DeleteAllAsync(new PrefixedStore(new StoreOptions().Open(store, IdSource.System, TimeProvider.System), stage.Group), CancellationToken.None).ConfigureAwait(false);
            if (Directory.Exists(stage.Output + "-cache")) Directory.Delete(stage.Output + "-cache", recursive: true);
        }
    }

    /// <summary>The worker's last line: bytes allocated a record, and collections of each generation.</summary>
    [GeneratedRegex(@"([0-9.]+) bytes allocated a record, collections \d+/\d+/(\d+)")]
    private static partial Regex Summary();
}
