using System.Globalization;
using Ingest.Core;
using Ingest.Tests.Simulation.Harness;

namespace Ingest.Perf.Simulate;

/// <summary><c>simulate --mutants</c>: switches on one deliberate bug after the other, and counts the seeds until the simulator finds it.</summary>
internal static class MutantsTable
{
    public static int Run(int from, int seedsMax, int threads, string? only)
    {
        if (!Mutation.AreCompiledIn)
        {
            Console.Error.WriteLine("This build has no deliberate bugs. Use: dotnet run --project perf -c Mutations -- simulate --mutants");
            return 2;
        }

        var bugs = Enum.GetValues<Bug>().Where(b => b != Bug.None && (only is null || only.Split(',').Contains(b.ToString()))).ToArray();
        var found = new (int Seeds, string? How)[bugs.Length];
        var folder = SeedRun.WorkFolder();
        var next = -1;
        var workers = Enumerable.Range(0, threads).Select(t => new Thread(() =>
        {
            for (var i = Interlocked.Increment(ref next); i < bugs.Length; i = Interlocked.Increment(ref next))
            {
                found[i] = Find(bugs[i], from, seedsMax, Path.Combine(folder, $"t{t}"));
                Console.Error.WriteLine($"{bugs[i]}: {found[i].Seeds}");
            }
        }, 16 << 20)).ToArray();
        foreach (var worker in workers) worker.Start();
        foreach (var worker in workers) worker.Join();
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Print(bugs, found);
        return found.All(f => f.How is not null) ? 0 : 1;
    }

    private static (int Seeds, string? How) Find(Bug bug, int from, int seedsMax, string folder)
    {
        for (var i = 0; i < seedsMax; i++)
        {
            if (SeedRun.RunOne(from + i, folder, null, bug).Failure is { } failure) return (i + 1, failure.Split('\n')[0]);
        }

        return (seedsMax, null);
    }

    private static void Print(Bug[] bugs, (int Seeds, string? How)[] found)
    {
        Console.WriteLine("| bug | seeds until found | what the oracle said first |");
        Console.WriteLine("|---|---:|---|");
        for (var i = 0; i < bugs.Length; i++)
        {
            var how = found[i].How is { } h ? h[..Math.Min(110, h.Length)].Replace('|', '/') : "**not found**";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {bugs[i]} | {found[i].Seeds} | {how} |"));
        }

        Console.WriteLine($"{found.Count(f => f.How is not null)} of {bugs.Length} found.");
    }
}
