using System.CommandLine;
using Ingest.Core;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Perf.Compare;
using Ingest.Perf.Workloads;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Pool;

/// <summary><c>seal</c>: what sealing takes from ingest, what it writes, and how fast.</summary>
internal static class SealCommand
{
    private const int MergedOfAHistory = 8;

    private static readonly TimeSpan s_commitsOfAHistory = TimeSpan.FromSeconds(0.5);

    public static Command Create()
    {
        var only = new Option<string>("--only") { Description = "rate: ingest of a backlog with and without sealing, in turns. history: write amplification over days with late records. speed: what sealing takes alone. all: all.", DefaultValueFactory = _ => "all" };
        only.AcceptOnlyFromAmong("rate", "history", "speed", "all");
        var records = new Option<long>("--records") { Description = "Records of the backlog.", DefaultValueFactory = _ => 20_000_000 };
        var perTransfer = new Option<int>("--records-per-transfer") { Description = "Records of a transfer of the backlog.", DefaultValueFactory = _ => 20 };
        var runs = new Option<int>("--runs") { Description = "Turns with and without sealing; the figures are medians.", DefaultValueFactory = _ => 3 };
        var factor = new Option<double>("--scale") { Description = "The backlog's settings of batches and sealing are the defaults divided by this.", DefaultValueFactory = _ => 64 };
        var days = new Option<int>("--days") { Description = "Days of the history.", DefaultValueFactory = _ => 10 };
        var seconds = new Option<double>("--day-seconds") { Description = "How long one takes.", DefaultValueFactory = _ => 60 };
        var rate = new Option<double>("--rate") { Description = "Records a second of the history.", DefaultValueFactory = _ => 4_000 };
        var folder = new Option<string>("--work") { Description = "Folder for pools; they are deleted afterwards.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "ingest-perf-seal") };
        var command = new Command("seal", $"Measure sealing beside ingest: rate, write amplification, speed. The brokers to use: {KafkaAccess.BrokersVariable}=host:port.") { only, records, perTransfer, runs, factor, days, seconds, rate, folder };
        command.SetAction((parse, cancellation) => RunAsync(
            parse.GetValue(only)!, new Backlog(parse.GetValue(records), parse.GetValue(perTransfer), parse.GetValue(runs), parse.GetValue(factor)),
            new HistoryShape(parse.GetValue(days), TimeSpan.FromSeconds(parse.GetValue(seconds)), parse.GetValue(rate)), Path.GetFullPath(parse.GetValue(folder)!), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string only, Backlog backlog, HistoryShape history, string folder, CancellationToken cancellation)
    {
        if (KafkaAccess.FromEnvironment() is not { } kafka)
        {
            await Console.Error.WriteLineAsync($"{KafkaAccess.BrokersVariable} is not set. Give brokers that hold their log on disk.").ConfigureAwait(false);
            return ExitCodes.BadConfiguration;
        }

        try
        {
            var isReached = only is "history" || await RateAsync(only is "speed" ? backlog with { Turns = 0 } : backlog, kafka, folder, cancellation).ConfigureAwait(false);
            if (only is "rate" or "speed") return isReached ? ExitCodes.Ok : ExitCodes.Failed;

            // A day of the history is one of the city's, so the times of sealing shrink with it. Commits cannot come that much faster: a day has fewer, and a merge takes fewer files.
            var scale = new SealScale(1) { Sealing = new SealingOptions { QuietAfter = new SealingOptions().QuietAfter / (TimeSpan.FromDays(1) / history.Day), MergeFiles = MergedOfAHistory }, FlushAfter = s_commitsOfAHistory, Interval = s_commitsOfAHistory };
            isReached &= await new SealHistory(history, kafka, folder, scale).RunAsync(cancellation).ConfigureAwait(false);
            return isReached ? ExitCodes.Ok : ExitCodes.Failed;
        }
        catch (Exception failure) when (failure is ContestException or InvalidOperationException or TransferSourceException)
        {
            await Console.Error.WriteLineAsync(failure.Message).ConfigureAwait(false);
            return ExitCodes.Failed;
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<bool> RateAsync(Backlog backlog, KafkaAccess kafka, string folder, CancellationToken cancellation)
    {
        var workload = new Workload(backlog.RecordsPerTransfer == 20 ? "batch" : $"batch{backlog.RecordsPerTransfer}", backlog.RecordsPerTransfer, Math.Max(1, backlog.Records / backlog.RecordsPerTransfer) * backlog.RecordsPerTransfer);
        var contracts = WorkloadContract.Write(workload, folder);
        await WorkloadTopics.PublishAsync(workload, kafka, cancellation).ConfigureAwait(false);
        var rate = new SealRate(workload, kafka, contracts, folder, new SealScale(backlog.Scale));
        var isReached = backlog.Turns == 0 || await rate.RunAsync(backlog.Turns, cancellation).ConfigureAwait(false);
        if (backlog.Turns == 0) await rate.TurnAsync(0, isSealing: false, cancellation).ConfigureAwait(false);
        var pool = Path.Combine(folder, "plain");
        await SealSpeed.RunAsync(new PrefixedStore(new LocalStore(pool, IdSource.System), workload.Dataset), contracts, pool, cancellation).ConfigureAwait(false);
        return isReached;
    }

    private sealed record Backlog(long Records, int RecordsPerTransfer, int Turns, double Scale);
}
