using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Ingest.Perf.Compare.Contenders;

/// <summary>The service itself, as an operator runs it: from Kafka to committed Delta tables, index and ledger included.</summary>
internal sealed partial class WorkerContender : IContender
{
    public string Name => "Ingest";

    public string What => "`Ingest.Worker run --until-caught-up`: Kafka to committed Delta tables (zstd Parquet, persistent index, offsets in the same commit)";

    public Task<Measurement> RunAsync(Stage stage, CancellationToken cancellation) => RunAsync(stage, check: true, cancellation);

    /// <param name="check">Whether DuckDB counts the rows afterwards.</param>
    public async Task<Measurement> RunAsync(Stage stage, bool check, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Ingest.Worker"))
        {
            ArgumentList =
            {
                "run", "--until-caught-up", $"--Ingest:Kafka:BootstrapServers={stage.Kafka.Brokers}", $"--Ingest:Kafka:GroupId={stage.Group}", $"--Ingest:Pool={stage.Output}",
                $"--Ingest:Contracts={stage.Contracts}", $"--Ingest:Table:IndexCache={stage.Output}-cache", "--Ingest:Health:Port=0", "--Logging:LogLevel:Default=Warning", "--Logging:LogLevel:Ingest.Summary=Information",
            },
        };
        foreach (var (name, value) in stage.Kafka.Properties) start.ArgumentList.Add($"--Ingest:Kafka:Properties:{name}={value}");
        try
        {
            var (measurement, output) = await MeasuredProcess.RunAsync(start, cancellation).ConfigureAwait(false);
            if (check) await ResultCheck.PoolAsync(Name, stage, cancellation).ConfigureAwait(false);
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
            if (Directory.Exists(stage.Output + "-cache")) Directory.Delete(stage.Output + "-cache", recursive: true);
        }
    }

    /// <summary>The worker's last line: bytes allocated a record, and collections of each generation.</summary>
    [GeneratedRegex(@"([0-9.]+) bytes allocated a record, collections \d+/\d+/(\d+)")]
    private static partial Regex Summary();
}
