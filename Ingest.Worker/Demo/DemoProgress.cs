using System.Diagnostics;
using Ingest.Core.Flow.Telemetry;
using Ingest.Worker.Commands;
using Spectre.Console;

namespace Ingest.Worker.Demo;

/// <summary>Shows how far the demo is: a live line on a terminal, a line every two seconds elsewhere.</summary>
internal static class DemoProgress
{
    public static async Task ShowAsync(DemoRun run, CityPlan plan, Task work)
    {
        var started = Stopwatch.GetTimestamp();
        if (Console.IsOutputRedirected) await PlainAsync(run, plan, work, started).ConfigureAwait(false);
        else await LiveAsync(run, plan, work, started).ConfigureAwait(false);
        Print(run, plan, started);
        await work.ConfigureAwait(false);
    }

    private static async Task PlainAsync(DemoRun run, CityPlan plan, Task work, long started)
    {
        while (await Task.WhenAny(work, Task.Delay(TimeSpan.FromSeconds(2))).ConfigureAwait(false) != work) Print(run, plan, started);
    }

    private static void Print(DemoRun run, CityPlan plan, long started) => Console.WriteLine(string.Join(", ", Lines(run, plan, started).Select(l => $"{l.Name} {l.Value}")));

    private static Task LiveAsync(DemoRun run, CityPlan plan, Task work, long started) => AnsiConsole.Live(Table(run, plan, started)).AutoClear(true).StartAsync(async live =>
    {
        while (await Task.WhenAny(work, Task.Delay(TimeSpan.FromMilliseconds(250))).ConfigureAwait(false) != work) live.UpdateTarget(Table(run, plan, started));
    });

    private static Table Table(DemoRun run, CityPlan plan, long started)
    {
        var table = new Table().Border(TableBorder.Rounded).HideHeaders().AddColumn("").AddColumn(new TableColumn("").RightAligned());
        foreach (var (name, value) in Lines(run, plan, started)) table.AddRow(name, value);
        return table;
    }

    private static IEnumerable<(string Name, string Value)> Lines(DemoRun run, CityPlan plan, long started)
    {
        // The status first: what it has taken in was published before.
        var status = run.Status;
        return Lines(plan, run.Published, status, Stopwatch.GetElapsedTime(started));
    }

    /// <summary>The figures. What waits is counted by what was published, not by what the worker has been told of.</summary>
    public static IEnumerable<(string Name, string Value)> Lines(CityPlan plan, long published, EngineStatus status, TimeSpan took)
    {
        yield return ("published", $"{Output.Count(published)} of {Output.Count(plan.Transfers)} transfers");
        yield return ("records", Output.Count(status.Records));
        yield return ("records/s", Output.Count((long)(status.Records / Math.Max(0.001, took.TotalSeconds))));
        yield return ("waiting", Output.Count(published - status.Transfers, "transfer"));
        yield return ("new", Output.Count(status.Written));
        yield return ("duplicates", Output.Count(status.Duplicates));
        yield return ("refused", Output.Count(status.Quarantined));
        yield return ("committed", $"{Output.Count(status.CommittedRows, "row")} in {Output.Count(status.Commits, "commit")}");
        yield return ("memory", Output.Bytes(Environment.WorkingSet));
    }
}
