using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool.Sealing;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>What a crash leaves in the local folder besides what was there: the ways in which a local write can be cut off.</summary>
internal enum LocalResidue
{
    AsItWas,

    /// <summary>A copy in the making, half written, under its temporary name.</summary>
    HalfWritten,

    /// <summary>The newest copy has its name and lacks its end.</summary>
    CutOff,

    Gone,
}

/// <summary>Where a worker dies.</summary>
/// <param name="Request">The number of its request to the store, from 0.</param>
/// <param name="After">After the store acted on it, before the answer came; else the request never acts.</param>
internal readonly record struct CrashPoint(int Request, bool After, LocalResidue Residue)
{
    public override string ToString() => $"{(After ? "after" : "before")} request {Request}{(Residue == LocalResidue.AsItWas ? "" : $", {Residue}")}";
}

/// <summary>
/// One small history, always the same: a worker creates the tables, commits rows, duplicates, conflicts and refused records, and writes checkpoints. It dies at the first
/// point, its successor at the second, and so on; the last one must bring everything to its end.
/// </summary>
internal static class CrashHistory
{
    private static readonly SimulationSetting s_setting = new()
    {
        IsCooperative = true,
        Transfers = 0,
        Trouble = TimeSpan.Zero,
        WorkersMax = 1,
        FaultEvery = TimeSpan.MaxValue,
        BudgetBytes = 1 << 20,
        FlushAfter = TimeSpan.FromMilliseconds(300),
        FlushRows = 8,
        IdleFlushAfter = TimeSpan.FromSeconds(2),
        CheckpointInterval = 1,
        Variety = 6,
        PollMax = TimeSpan.FromMilliseconds(50),
        Bursts = 0,
        UsesParquet = false,
        HasLoudStops = false,
        Housekeeping = new HousekeepingOptions { Enabled = false },
        Sleeps = [],
    };

    /// <summary>A shorter one with a worker that merges and seals as soon as it can: it ends when all is sealed.</summary>
    private static readonly SimulationSetting s_sealing = s_setting with
    {
        CheckpointInterval = 4,
        Housekeeping = new HousekeepingOptions
        {
            Interval = TimeSpan.FromSeconds(2),
            LeaseTerm = TimeSpan.FromSeconds(3),
            Sealing = new SealingOptions { QuietAfter = TimeSpan.FromSeconds(3), MergeFiles = 2 },
        },
    };

    /// <summary>Runs the history with these crashes.</summary>
    /// <param name="seals">The workers merge and seal as well.</param>
    /// <returns>How many of the points were reached (fewer when a worker was done before its point), how many requests the last worker made, and what was wrong at the end.</returns>
    public static (int Reached, int Requests, string? Failure) Run(IReadOnlyList<CrashPoint> points, string folder, bool seals = false)
    {
        var setting = seals ? s_sealing : s_setting;
        var world = new World(1);
        var server = new ObjectServer(world);
        SimulatedHistory.Watch(world, server, setting);
        var broker = new Broker(world, new SortedDictionary<string, int>(StringComparer.Ordinal) { ["a"] = 1, ["b"] = 1 }, isCooperative: true);
        var truth = new Truth();
        for (var i = 0; i < (seals ? 8 : 24); i++) SimulatedCity.Publish(world, broker, truth, setting.Variety);
        using var fleet = new Fleet(world, server, broker, setting, folder);
        var (reached, first) = (0, 0);
        var worker = fleet.Start();
        server.Watcher = (number, after) =>
        {
            if (reached == points.Count || number - first != points[reached].Request || after != points[reached].After) return true;
            fleet.Kill(worker);
            Leave(points[reached++].Residue, worker.CacheFolder);
            world.After(TimeSpan.FromSeconds(1), () =>
            {
                first = server.Requests;
                worker = fleet.Start(worker.CacheFolder);
            });
            return after;
        };
        var done = world.RunUntil(() => fleet.Living.Count > 0 && SimulatedHistory.IsSettled(broker, fleet) && (!seals || server.Watches.All(IsSealed)), TimeSpan.FromMinutes(10));
        if (!done) world.Fail($"Stuck: {SimulatedHistory.Describe(broker, fleet)}");
        var requests = server.Requests - first;
        SimulatedHistory.StopAll(world, fleet, TimeSpan.FromMinutes(20));
        if (seals && world.Failure is null) Upkeep.Run(world, server, setting, folder);
        if (world.Failure is null && Oracle.Judge(server, broker, truth) is { Count: > 0 } findings) world.Fail(string.Join('\n', findings.Take(5)));
        return (reached, requests, world.Failure);
    }

    /// <summary>Every crash, and every pair of crashes of which the second falls into the recovery from the first; or every <paramref name="stride"/>-th of them.</summary>
    public static (long Histories, List<string> Failures) RunAll(int depth, int stride, string folder, TimeSpan atMost, bool seals = false)
    {
        var started = System.Diagnostics.Stopwatch.StartNew();
        var failures = new List<string>();
        var (histories, index) = (0L, 0L);
        foreach (var first in Points([], folder, seals))
        {
            foreach (var points in depth == 1 ? [[first]] : Points([first], folder, seals).Select(second => new[] { first, second }))
            {
                if (index++ % stride != 0) continue;
                if (failures.Count >= 10 || started.Elapsed > atMost) return (histories, failures);
                histories++;
                if (Run(points, folder, seals).Failure is { } wrong) failures.Add($"{string.Join("; ", points)}: {wrong}");
            }
        }

        return (histories, failures);
    }

    /// <summary>Sequences of <paramref name="depth"/> crashes, drawn by chance.</summary>
    public static (long Histories, List<string> Failures) Sample(int depth, int count, string folder, TimeSpan atMost)
    {
        var started = System.Diagnostics.Stopwatch.StartNew();
        var failures = new List<string>();
        var histories = 0L;
        for (; histories < count && failures.Count < 10 && started.Elapsed < atMost; histories++)
        {
            var random = new Random((int)histories);
            var points = new List<CrashPoint>();
            while (points.Count < depth)
            {
                var requests = Run(points, folder).Requests;
                points.Add(new CrashPoint(random.Next(requests), random.Next(2) == 0, (LocalResidue)random.Next(4)));
            }

            if (Run(points, folder).Failure is { } wrong) failures.Add($"{string.Join("; ", points)}: {wrong}");
        }

        return (histories, failures);
    }

    /// <summary>Where the worker that comes after these crashes may die: at each of its requests, before and after; what its local folder looks like then goes round.</summary>
    private static IEnumerable<CrashPoint> Points(IReadOnlyList<CrashPoint> before, string folder, bool seals)
    {
        var requests = Run(before, folder, seals).Requests;
        for (var request = 0; request < requests; request++)
        {
            foreach (var after in (bool[])[false, true]) yield return new CrashPoint(request, after, (LocalResidue)(((request * 2) + (after ? 1 : 0) + (before.Count > 0 ? before[0].Request : 0)) % 4));
        }
    }

    /// <summary>A glob shows every row.</summary>
    private static bool IsSealed(TableWatch watch) => watch.ShownRows == watch.Log.Files.Values.Sum(f => f.Rows);

    private static void Leave(LocalResidue residue, string folder)
    {
        if (residue == LocalResidue.AsItWas || !Directory.Exists(folder)) return;
        if (residue == LocalResidue.Gone)
        {
            Directory.Delete(folder, recursive: true);
            return;
        }

        foreach (var copy in Directory.EnumerateFiles(folder, "*.run", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(1))
        {
            var bytes = File.ReadAllBytes(copy);
            var cut = bytes[..(bytes.Length / 2)];
            if (residue == LocalResidue.HalfWritten) File.WriteAllBytes(Path.Combine(Path.GetDirectoryName(copy)!, "0123456789abcdef0123456789abcdef.tmp"), cut);
            else Replace(copy, cut);
        }
    }

    /// <summary>By another file of that name: the dead worker may still have the old one mapped, which here outlives it.</summary>
    private static void Replace(string path, byte[] content)
    {
        File.Delete(path);
        File.WriteAllBytes(path, content);
    }
}
