using System.Globalization;
using System.Text.RegularExpressions;
using Ingest.Core;
using Ingest.Tests.Simulation.Harness;

namespace Ingest.Perf.Simulate;

/// <summary><c>simulate --mutants</c>: switches on one deliberate bug after the other, and counts the seeds until the simulator finds it.</summary>
internal static partial class MutantsTable
{
    public static int Run(int from, int seedsMax, int threads, string? only, string? into)
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
        var lines = Lines(bugs, found);
        foreach (var line in lines) Console.WriteLine(line);
        Console.WriteLine($"{found.Count(f => f.How is not null)} of {bugs.Length} found.");
        if (into is not null) Write(into, lines);
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

    private static string[] Lines(Bug[] bugs, (int Seeds, string? How)[] found) =>
    [
        "| bug | seeds until found | what the oracle said first |",
        "|---|---:|---|",
        .. bugs.Select((bug, i) => string.Create(CultureInfo.InvariantCulture, $"| {bug} | {found[i].Seeds} | {Short(found[i].How)} |")),
    ];

    /// <summary>Names of objects differ from run to run of a changed simulator, and say nothing.</summary>
    private static string Short(string? how)
    {
        if (how is null) return "**not found**";
        var plain = Ids().Replace(how, "…").Replace('|', '/');
        return plain[..Math.Min(110, plain.Length)];
    }

    /// <summary>Puts the table between the marks of a document.</summary>
    private static void Write(string path, IEnumerable<string> lines)
    {
        const string Begin = "<!-- mutants -->", End = "<!-- /mutants -->";
        var text = File.ReadAllText(path);
        var (from, to) = (text.IndexOf(Begin, StringComparison.Ordinal), text.IndexOf(End, StringComparison.Ordinal));
        if (from < 0 || to < from) throw new InvalidDataException($"{path} has no {Begin} … {End}.");
        File.WriteAllText(path, $"{text[..(from + Begin.Length)]}\n{string.Join('\n', lines)}\n{text[to..]}");
    }

    [GeneratedRegex("[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")]
    private static partial Regex Ids();
}
