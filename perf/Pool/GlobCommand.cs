using System.CommandLine;
using System.Diagnostics;
using Ingest.Tests.Pool.Sealing.Harness;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Pool;

/// <summary><c>glob</c>: DuckDB reads a table by glob and by log while it is written, sealed and vacuumed.</summary>
internal static class GlobCommand
{
    public static Command Create()
    {
        var polls = new Option<int>("--polls") { Description = "Reads, half by glob and half by log.", DefaultValueFactory = _ => 10_000 };
        var command = new Command("glob", "Read a table with DuckDB, by glob and by log, while it is ingested into, sealed and vacuumed; each row at most once, and exactly once.") { polls };
        command.SetAction((parse, cancellation) => RunAsync(parse.GetValue(polls), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(int polls, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        using var run = new GlobRun();
        var problems = await run.RunAsync(polls, cancellation).ConfigureAwait(false);
        foreach (var problem in problems) Console.WriteLine($"wrong  {problem}");
        Console.WriteLine($"{run.GlobPolls} polls by glob (at most {run.Rows.Glob} rows), {run.LogPolls} by log ({run.Rows.Log} rows), {run.Seals} plans of the second sealer, {run.Vacuumed} files vacuumed, in {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s: {(problems.Count == 0 ? "each row at most once by glob, exactly once by log." : "WRONG")}");
        return problems.Count == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
