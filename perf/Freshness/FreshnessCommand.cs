using System.CommandLine;
using System.Globalization;
using System.Text;
using Ingest.Core;
using Ingest.Perf.Workloads;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Freshness;

/// <summary><c>freshness</c>: how long after its publication a record can be queried, and how many files and commits that costs.</summary>
internal static class FreshnessCommand
{
    public static Command Create()
    {
        var rate = new Option<double>("--transfers-a-day") { Description = "Transfers of 20 records a day, published evenly.", DefaultValueFactory = _ => 20_000_000 };
        var burst = new Option<int>("--burst") { Description = "Transfers published at once, every 20 s, on top.", DefaultValueFactory = _ => 2_000 };
        var seconds = new Option<int>("--seconds") { Description = "How long to publish.", DefaultValueFactory = _ => 120 };
        var flush = new Option<double[]>("--flush-after") { Description = "Values of Ingest:Batching:FlushAfter to try, in seconds; the first should be the default.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [2, 0.5, 10, 60] };
        var folder = new Option<string>("--work") { Description = "Folder for pools.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "ingest-perf") };
        var output = new Option<string>("--output") { Description = "Report to write.", DefaultValueFactory = _ => Path.Combine("perf", "RESULTS.md") };
        var command = new Command("freshness", $"Publish at a steady rate with bursts and watch the table's log. The brokers to use: {KafkaAccess.BrokersVariable} and {KafkaAccess.PropertiesVariable}, as for compare.") { rate, burst, seconds, flush, folder, output };
        command.SetAction(async (parse, cancellation) =>
        {
            if (KafkaAccess.FromEnvironment() is not { } kafka)
            {
                await Console.Error.WriteLineAsync($"{KafkaAccess.BrokersVariable} is not set. Give brokers that hold their log on disk.").ConfigureAwait(false);
                return ExitCodes.BadConfiguration;
            }

            var pace = new Pace(parse.GetValue(rate) / 86_400, parse.GetValue(burst), parse.GetValue(seconds));
            await ResultsFile.WriteSectionAsync(parse.GetValue(output)!, "freshness", await MeasureAsync(pace, kafka, parse.GetValue(flush)!, Path.GetFullPath(parse.GetValue(folder)!), cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<string> MeasureAsync(Pace pace, KafkaAccess kafka, double[] flushAfter, string folder, CancellationToken cancellation)
    {
        var page = new StringBuilder().Append(CultureInfo.InvariantCulture, $"## Freshness\n{pace.TransfersASecond * 86_400:N0} transfers a day of 20 records ({pace.TransfersASecond:F0} a second, evenly) and {pace.Burst:N0} at once every {Pace.BurstEvery.TotalSeconds:F0} s, for {pace.Seconds} s; {Workload.Departments} departments x {Workload.Dates} dates. ")
            .Append("Seconds from handing a transfer to the producer until the table's log names its rows.\n\n| `FlushAfter` | p50 | p99 | largest | within 5 s | commits a day | files a day | records a file |\n|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var flush in flushAfter)
        {
            // Topics of their own for each run: an old broker deletes none.
            var work = Workload.Of("batch", 20 * pace.Transfers) with { Name = "fresh" + IdSource.System.Next().ToString("N")[..8] };
            var pool = Path.Combine(folder, "fresh-" + work.Name);
            try
            {
                using var run = new FreshnessRun(work, kafka, pool, WorkloadContract.Write(work, folder), TimeSpan.FromSeconds(flush));
                var found = await run.RunAsync(pace, cancellation).ConfigureAwait(false);
                Array.Sort(found.Seconds);
                var perDay = 86_400.0 / pace.Seconds;
                page.Append(CultureInfo.InvariantCulture, $"| {flush:0.#} s{(flush == 2 ? " (default)" : "")} | {At(found.Seconds, 0.5):F2} | {At(found.Seconds, 0.99):F2} | {found.Seconds[^1]:F2} | {found.Seconds.Count(s => s <= 5) * 100.0 / found.Seconds.Length:F2} % | {found.Commits * perDay:N0} | {found.Files * perDay:N0} | {found.Seconds.Length * 20.0 / found.Files:N0} |\n");
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  FlushAfter {flush} s: p50 {At(found.Seconds, 0.5):F2} s, p99 {At(found.Seconds, 0.99):F2} s, largest {found.Seconds[^1]:F2} s, {found.Commits} commits, {found.Files} files"));
            }
            finally
            {
                if (Directory.Exists(pool)) Directory.Delete(pool, recursive: true);
            }
        }

        return page.Append("\nTen minutes in all. `dotnet run --project perf -c Release -- freshness`; compaction is not counted.\n").ToString();
    }

    private static double At(double[] sorted, double part) => sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * part))];
}
