using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Ingest.Fuzz;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Fuzz;

/// <summary><c>fuzz</c>: hostile input through decode, normalize, fingerprint and quarantine; and what a poison record costs.</summary>
internal static class FuzzCommand
{
    public static Command Create()
    {
        var messages = new Option<long>("--messages") { Description = "Mutated messages.", DefaultValueFactory = _ => 10_000_000 };
        var seed = new Option<ulong>("--seed") { Description = "First seed; each block of 100,000 messages has one of its own.", DefaultValueFactory = _ => 1 };
        var threads = new Option<int>("--threads") { Description = "Threads.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var command = new Command("fuzz", "Mutated messages through decode, normalize, fingerprint and quarantine, with every invariant checked. A failure prints its seed and the message.") { messages, seed, threads };
        command.SetAction((parse, cancellation) => Task.FromResult(Run(parse.GetValue(messages), parse.GetValue(seed), parse.GetValue(threads), cancellation)));
        return command;
    }

    private static int Run(long messages, ulong firstSeed, int threads, CancellationToken cancellation)
    {
        const long Block = 100_000;
        if (new FuzzRun().Monsters(isTimed: true) is { } monster)
        {
            Console.WriteLine(monster);
            return ExitCodes.Failed;
        }

        var started = Stopwatch.GetTimestamp();
        var (done, rows, refusals) = (0L, 0L, 0L);
        string? failure = null;
        Parallel.For(0, (messages + Block - 1) / Block, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation }, (block, state) =>
        {
            var run = new FuzzRun();
            var count = Math.Min(Block, messages - (block * Block));
            if (run.Run(firstSeed + (ulong)block, count, cancellation) is { } wrong)
            {
                Interlocked.CompareExchange(ref failure, wrong, null);
                state.Stop();
                return;
            }

            Interlocked.Add(ref rows, run.Rows);
            Interlocked.Add(ref refusals, run.Refusals);
            var total = Interlocked.Add(ref done, count);
            if (total % 1_000_000 < Block) Console.WriteLine($"{Output.Count(total)} messages");
        });
        if (failure is not null)
        {
            Console.WriteLine(failure);
            return ExitCodes.Failed;
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Output.Count(done)} mutated messages in {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s: {Output.Count(rows)} rows with those of their neighbours, {Output.Count(refusals)} refusals, nothing wrong."));
        return PoisonCost.Print() ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
