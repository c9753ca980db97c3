using System.CommandLine;
using System.Diagnostics;
using Ingest.Tests.Pool.Sealing.Harness;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Pool;

/// <summary><c>glob</c>: DuckDB reads a table by glob and by log while it is written, sealed and vacuumed.</summary>
internal static class GlobCommand
{
    private const int PollsOfARun = 1_000, PollsOfALine = 500;

    public static Command Create()
    {
        var polls = new Option<int>("--polls") { Description = "Reads, half by glob and half by log.", DefaultValueFactory = _ => 10_000 };
        var seed = new Option<int>("--seed") { Description = "Says where workers and sealers are killed.", DefaultValueFactory = _ => 1 };
        var command = new Command("glob", "Read a table with DuckDB, by glob and by log, while it is ingested into, sealed and vacuumed, and workers and sealers are killed; each row at most once, and exactly once.") { polls, seed };
        command.SetAction((parse, cancellation) => RunAsync(parse.GetValue(polls), parse.GetValue(seed), cancellation));
        return command;
    }

    /// <summary>A run after the other, each with a table of its own: a read opens all its files, and sealed ones are never merged again.</summary>
    private static async Task<int> RunAsync(int polls, int seed, CancellationToken cancellation)
    {
        var (started, cpu) = (Stopwatch.GetTimestamp(), Process.GetCurrentProcess().TotalProcessorTime);
        var (byGlob, byLog, seals, vacuumed, workers, sealers, shown) = (0, 0, 0L, 0L, 0, 0, 0);
        for (var round = 0; byGlob + byLog < polls; round++)
        {
            using var run = new GlobRun(seed + round);
            var problems = await run.RunAsync(Math.Min(PollsOfARun, polls - byGlob - byLog), Tell, cancellation).ConfigureAwait(false);
            (byGlob, byLog, seals, vacuumed) = (byGlob + run.GlobPolls, byLog + run.LogPolls, seals + run.Seals, vacuumed + run.Vacuumed);
            (workers, sealers) = (workers + run.Killed.Workers, sealers + run.Killed.Sealers);
            foreach (var problem in problems) Console.WriteLine($"wrong  {problem} (seed {seed + round})");
            if (problems.Count > 0) return ExitCodes.Failed;

            void Tell()
            {
                var now = byGlob + byLog + run.GlobPolls + run.LogPolls;
                if (now / PollsOfALine == shown / PollsOfALine) return;
                shown = now;
                Console.WriteLine($"{now,7} polls in {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s, {(Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds:F0} s of CPU; in this table {run.Rows.Log} rows, of which a glob shows {run.Rows.Glob}");
            }
        }

        Console.WriteLine($"{byGlob} polls by glob, {byLog} by log, {seals} plans of the second sealer, {vacuumed} files vacuumed, {workers} workers and {sealers} sealers killed, in {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s: each row at most once by glob, exactly once by log.");
        return ExitCodes.Ok;
    }
}
