using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Batching;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool.Sealing;
using Ingest.Perf.Workloads;

namespace Ingest.Perf.Pool;

/// <summary>
/// Settings of a worker that does in minutes what else takes hours: batches, files that make a merge, the size of a sealed file and the times all by the same factor smaller than the defaults, so that a row
/// meets as many commits, merges and seals as it would.
/// </summary>
/// <param name="Factor">1: the defaults.</param>
internal sealed record SealScale(double Factor)
{
    private static readonly BatchingOptions s_batching = new();
    private static readonly SealingOptions s_sealing = new();

    /// <summary>A commit writes a file for each partition, so it cannot come as often as the rest is scaled.</summary>
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(0.5);

    public SealingOptions Sealing { get; init; } = new()
    {
        MergeFiles = Math.Max(2, (int)Math.Round(s_sealing.MergeFiles / Factor)),
        TargetBytes = Math.Max(1 << 20, (long)(s_sealing.TargetBytes / Factor)),
        QuietAfter = s_sealing.QuietAfter / Factor,
    };

    public TimeSpan FlushAfter { get; init; } = Longer(s_batching.FlushAfter / Factor, s_shortest);

    public TimeSpan Interval { get; init; } = Longer(new HousekeepingOptions().Interval / Factor, s_shortest);

    private TimeSpan FlushAfterBehind => Longer(s_batching.FlushAfterBehind / Factor, s_shortest);

    private int FlushRows => (int)Math.Max(1_000, s_batching.FlushRows / Factor);

    private long FlushBytes => Math.Max(1 << 20, (long)(s_batching.FlushBytes / Factor));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"settings (defaults): FlushAfter {FlushAfter.TotalSeconds:0.##} s ({s_batching.FlushAfter.TotalSeconds:0.##}), FlushAfterBehind {FlushAfterBehind.TotalSeconds:0.##} s ({s_batching.FlushAfterBehind.TotalSeconds:0.##}), FlushRows {FlushRows:N0} ({s_batching.FlushRows:N0}), FlushBytes {FlushBytes >> 20} MiB ({s_batching.FlushBytes >> 20}), MergeFiles {Sealing.MergeFiles} ({s_sealing.MergeFiles}), TargetBytes {Sealing.TargetBytes >> 20} MiB ({s_sealing.TargetBytes >> 20}), QuietAfter {Sealing.QuietAfter.TotalSeconds:0.##} s ({s_sealing.QuietAfter.TotalSeconds:0.##}), Housekeeping:Interval {Interval.TotalSeconds:0.##} s ({new HousekeepingOptions().Interval.TotalSeconds:0.##})");

    /// <summary>A worker on a pool, as an operator would start it.</summary>
    public ProcessStartInfo Worker(Workload workload, KafkaAccess kafka, string contracts, string pool, bool isSealing, bool untilCaughtUp)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Ingest.Worker"))
        {
            ArgumentList =
            {
                "run", $"--Ingest:Kafka:BootstrapServers={kafka.Brokers}", $"--Ingest:Kafka:GroupId=seal-{IdSource.System.Next():N}", $"--Ingest:Pool={pool}", $"--Ingest:Contracts={contracts}",
                $"--Ingest:Table:IndexCache={pool}-cache", "--Ingest:Health:Port=0", "--Logging:LogLevel:Default=Warning",
                Setting("Batching:FlushAfter", FlushAfter), Setting("Batching:FlushAfterBehind", FlushAfterBehind), Setting("Batching:FlushRows", FlushRows), Setting("Batching:FlushBytes", $"{FlushBytes >> 10}KiB"),
                Setting("Housekeeping:Enabled", isSealing), Setting("Housekeeping:Interval", Interval),
                Setting("Sealing:MergeFiles", Sealing.MergeFiles), Setting("Sealing:TargetBytes", $"{Sealing.TargetBytes >> 10}KiB"), Setting("Sealing:QuietAfter", Sealing.QuietAfter),
            },
        };
        if (untilCaughtUp) start.ArgumentList.Add("--until-caught-up");
        foreach (var (name, value) in kafka.Properties) start.ArgumentList.Add($"--Ingest:Kafka:Properties:{name}={value}");
        return start;
    }

    private static string Setting(string name, object value) => string.Create(CultureInfo.InvariantCulture, $"--Ingest:{name}={value}");

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
