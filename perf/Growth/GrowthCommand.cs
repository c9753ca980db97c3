using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Perf.Growth;

/// <summary><c>growth</c>: what a record costs when the city grows, and what opening a table costs when its log does.</summary>
internal static class GrowthCommand
{
    private static readonly int[] s_departments = [1, 8, 59], s_dates = [1, 40, 400], s_columns = [10, 50, 200];

    public static Command Create()
    {
        var records = new Option<int>("--records") { Description = "Records of each case (of those with many columns, fewer of as many values).", DefaultValueFactory = _ => 2_000_000 };
        var runs = new Option<int>("--runs") { Description = "Runs of each case, in turns; figures are medians.", DefaultValueFactory = _ => 3 };
        var commits = new Option<int[]>("--commits") { Description = "Lengths of log to open.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 1_000, 100_000] };
        var only = new Option<string>("--only") { Description = "departments, dates, columns, commits or all.", DefaultValueFactory = _ => "all" };
        only.AcceptOnlyFromAmong("departments", "dates", "columns", "commits", "all");
        var folder = new Option<string>("--work") { Description = "Folder for pools.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "ingest-perf") };
        var output = new Option<string>("--output") { Description = "Report to write.", DefaultValueFactory = _ => Path.Combine("perf", "RESULTS.md") };
        var command = new Command("growth", "Measure what a record costs with more departments, days and columns, and what a start costs with more commits. Needs no broker.") { records, runs, commits, only, folder, output };
        command.SetAction(async (parse, cancellation) =>
        {
            var (work, what) = (Path.Combine(Path.GetFullPath(parse.GetValue(folder)!), "growth-" + IdSource.System.Next().ToString("N")), parse.GetValue(only)!);
            try
            {
                foreach (var (axis, cases) in Cases(parse.GetValue(records)).Where(a => what == "all" || what == a.Axis))
                    await ResultsFile.WriteSectionAsync(parse.GetValue(output)!, $"growth {axis}", await MeasureAsync(axis, cases, parse.GetValue(runs), work, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
                if (what is "all" or "commits")
                    await ResultsFile.WriteSectionAsync(parse.GetValue(output)!, "growth commits", await LogGrowth.MeasureAsync(parse.GetValue(commits)!, work, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
            }
            finally
            {
                // Only now: the file system passes over inodes of files deleted a moment before, one by one, and the next run would pay for it.
                if (Directory.Exists(work)) Directory.Delete(work, recursive: true);
            }

            return 0;
        });
        return command;
    }

    private static IEnumerable<(string Axis, GrowthCase[] Cases)> Cases(int records)
    {
        yield return ("departments", [.. s_departments.Select(n => new GrowthCase($"{n} departments", n, 4, 10, records))]);
        yield return ("dates", [.. s_dates.Select(n => new GrowthCase($"{n} dates", 1, n, 10, records))]);

        // As many values in each: what grows is the number of columns, not the work.
        yield return ("columns", [.. s_columns.Select(n => new GrowthCase($"{n} columns", 1, 4, n, records * 10 / n / GrowthCase.RecordsPerTransfer * GrowthCase.RecordsPerTransfer))]);
    }

    private static async Task<string> MeasureAsync(string axis, GrowthCase[] cases, int runs, string folder, CancellationToken cancellation)
    {
        // The first run of all is for the JIT.
        await RunAsync(cases[0] with { Records = Math.Min(cases[0].Records, 200_000) }, folder, cancellation).ConfigureAwait(false);
        var found = cases.ToDictionary(c => c, _ => new List<(double Cpu, double Wall, long Bytes)>());
        for (var run = 0; run < runs; run++)
        {
            foreach (var shape in cases)
            {
                var measured = await RunAsync(shape, folder, cancellation).ConfigureAwait(false);
                found[shape].Add(measured);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {shape.Name,-16} CPU {measured.Cpu:F2} s  wall {measured.Wall:F2} s"));
            }
        }

        var byColumn = axis == "columns";
        var page = new StringBuilder().Append(CultureInfo.InvariantCulture, $"## Growth: {axis}\n| | records | CPU s | µs CPU a {(byColumn ? "value" : "record")} | to the first | wall s | bytes allocated a record |\n|---|--:|--:|--:|--:|--:|--:|\n");
        double? first = null;
        foreach (var shape in cases)
        {
            var cpu = Median(found[shape].Select(m => m.Cpu));
            var one = cpu * 1e6 / ((double)shape.Records * (byColumn ? shape.Columns : 1));
            first ??= one;
            page.Append(CultureInfo.InvariantCulture, $"| {shape.Name} | {shape.Records:N0} | {cpu:F2} | {one:F3} | {one / first:F2} | {Median(found[shape].Select(m => m.Wall)):F2} | {Median(found[shape].Select(m => (double)m.Bytes)) / shape.Records:F0} |\n");
        }

        return page.Append(CultureInfo.InvariantCulture, $"\nThe engine alone, from prepared chunks in memory to the last commit, in one warm process; medians of {runs}. `dotnet run --project perf -c Release -- growth --only {axis}`\n").ToString();
    }

    private static async Task<(double Cpu, double Wall, long Bytes)> RunAsync(GrowthCase shape, string folder, CancellationToken cancellation)
    {
        var root = Path.Combine(folder, IdSource.System.Next().ToString("N"));
        var catalog = CatalogLoader.Load([new ContractSource("growth.yaml", shape.Contract())]).Catalog ?? throw new InvalidOperationException("The contract is wrong.");
        var options = new EngineOptions { CacheFolder = Path.Combine(root, "cache"), UntilCaughtUp = true };
        using var engine = new IngestEngine(options, catalog, new EngineServices { Pool = new LocalStore(Directory.CreateDirectory(Path.Combine(root, "pool")).FullName, IdSource.System), Logger = NullLogger.Instance });
        using var source = new PreparedSource(shape, engine.Budget);
        GC.Collect();
        using var me = Process.GetCurrentProcess();
        var (cpu, bytes, started) = (me.TotalProcessorTime, GC.GetTotalAllocatedBytes(), Stopwatch.GetTimestamp());
        await engine.RunAsync(source, cancellation).ConfigureAwait(false);
        me.Refresh();
        var measured = ((me.TotalProcessorTime - cpu).TotalSeconds, Stopwatch.GetElapsedTime(started).TotalSeconds, GC.GetTotalAllocatedBytes() - bytes);
        if (engine.Status.Written != shape.Records) throw new InvalidOperationException($"{shape.Name}: {engine.Status.Written} rows of {shape.Records} records.");
        return measured;
    }

    private static double Median(IEnumerable<double> figures)
    {
        var ordered = figures.Order().ToArray();
        return (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;
    }
}
