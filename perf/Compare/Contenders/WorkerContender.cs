using System.Diagnostics;

namespace Ingest.Perf.Compare.Contenders;

/// <summary>The service itself, as an operator runs it: from Kafka to committed Delta tables, index and ledger included.</summary>
internal sealed class WorkerContender : IContender
{
    public string Name => "Ingest";

    public string What => "`Ingest.Worker run --until-caught-up`: Kafka to committed Delta tables (zstd Parquet, persistent index, offsets in the same commit)";

    public async Task<Measurement> RunAsync(Stage stage, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Ingest.Worker"))
        {
            ArgumentList =
            {
                "run", "--until-caught-up", $"--Ingest:Kafka:BootstrapServers={stage.Kafka.Brokers}", $"--Ingest:Kafka:GroupId={stage.Group}", $"--Ingest:Pool={stage.Output}",
                $"--Ingest:Contracts={stage.Contracts}", $"--Ingest:Table:IndexCache={stage.Output}-cache", "--Ingest:Health:Port=0", "--Logging:LogLevel:Default=Warning",
            },
        };
        foreach (var (name, value) in stage.Kafka.Properties) start.ArgumentList.Add($"--Ingest:Kafka:Properties:{name}={value}");
        try
        {
            var (measurement, _) = await MeasuredProcess.RunAsync(start, cancellation).ConfigureAwait(false);
            await ResultCheck.PoolAsync(Name, stage, cancellation).ConfigureAwait(false);
            return measurement with { Records = stage.Workload.Records };
        }
        finally
        {
            if (Directory.Exists(stage.Output + "-cache")) Directory.Delete(stage.Output + "-cache", recursive: true);
        }
    }
}
