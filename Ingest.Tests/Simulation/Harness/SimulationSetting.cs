using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Pool.Sealing;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>The dials of one simulated history, drawn from its seed.</summary>
internal sealed record SimulationSetting
{
    public required bool IsCooperative { get; init; }

    public required int Transfers { get; init; }

    /// <summary>How long there are faults. Then all is mended, and everything must come to its end.</summary>
    public required TimeSpan Trouble { get; init; }

    public required int WorkersMax { get; init; }

    /// <summary>Mean time between two misfortunes.</summary>
    public required TimeSpan FaultEvery { get; init; }

    public required long BudgetBytes { get; init; }

    public required TimeSpan FlushAfter { get; init; }

    public required int FlushRows { get; init; }

    public required TimeSpan IdleFlushAfter { get; init; }

    public required int CheckpointInterval { get; init; }

    /// <summary>How many different records there are: fewer, more duplicates.</summary>
    public required int Variety { get; init; }

    /// <summary>How many times as many records as usual are refused.</summary>
    public double Refused { get; init; } = 1;

    /// <summary>Longest pause between two polls of a consumer.</summary>
    public required TimeSpan PollMax { get; init; }

    /// <summary>Transfers are published in so many bursts; 0: one at a time.</summary>
    public required int Bursts { get; init; }

    /// <summary>Whether data files are Parquet.</summary>
    public required bool UsesParquet { get; init; }

    /// <summary>Whether retention may overtake the workers, and topics may be created anew.</summary>
    public required bool HasLoudStops { get; init; }

    /// <summary>Merging, sealing, vacuum and cleaning of the log; the retentions are those of the service.</summary>
    public required HousekeepingOptions Housekeeping { get; init; }

    /// <summary>Times of hours to weeks in which no worker runs: they are dead, or frozen with whatever they have in hand.</summary>
    public required TimeSpan[] Sleeps { get; init; }

    /// <summary>Whether a misfortune of its own is frequent: a record's commit arrives late, when its partition has gone to another worker, and just then the first one reads an equal record.</summary>
    public bool HasEchoes { get; init; }

    public DataFileFormat Files => UsesParquet ? DataFileFormat.Parquet : PlainFiles.Format;

    /// <summary>What the seed's histories are like. Echoes are not drawn, so that the others mean what they did before there were any.</summary>
    public static SimulationSetting Of(int seed, Random random)
    {
        var drawn = Draw(random);
        return seed % 8 == 5 ? drawn with { HasEchoes = true, IsCooperative = true, WorkersMax = Math.Max(2, drawn.WorkersMax) } : drawn;
    }

    private static SimulationSetting Draw(Random random)
    {
        // Some histories are short and busy, with more in flight than is done; the others have time for everything that takes time.
        var isBusy = random.Next(4) == 0;
        var sleeps = Enumerable.Range(0, Math.Max(0, random.Next(6) - 3)).Select(_ => DrawSleep(random)).ToArray();
        return new SimulationSetting
        {
            IsCooperative = random.Next(2) == 0,
            Transfers = isBusy ? random.Next(60, 160) : random.Next(10, 60),
            Trouble = TimeSpan.FromSeconds(isBusy ? random.Next(10, 40) : random.Next(20, 120)),
            WorkersMax = random.Next(1, 4),
            FaultEvery = TimeSpan.FromSeconds(isBusy ? random.Next(1, 5) : random.Next(2, 15)),
            BudgetBytes = random.Next(4) == 0 ? 4096 : 1 << 20,
            FlushAfter = TimeSpan.FromMilliseconds(random.Next(100, 3000)),
            FlushRows = random.Next(3) == 0 || isBusy ? random.Next(2, 12) : 1000,
            IdleFlushAfter = TimeSpan.FromSeconds(random.Next(2, 30)),
            CheckpointInterval = random.Next(sleeps.Length > 0 ? 2 : 3) == 0 ? random.Next(2, sleeps.Length > 0 ? 6 : 12) : 1000,
            Variety = random.Next(5, 80),
            PollMax = TimeSpan.FromMilliseconds(isBusy ? random.Next(10, 200) : 400),
            Bursts = isBusy ? random.Next(1, 10) : 0,
            Refused = random.Next(4) == 0 ? 6 : 1,
            UsesParquet = random.Next(25) == 0,
            HasLoudStops = random.Next(6) == 0,
            Housekeeping = DrawHousekeeping(random),
            Sleeps = sleeps,
        };
    }

    private static HousekeepingOptions DrawHousekeeping(Random random) => new()
    {
        Enabled = random.Next(4) > 0,
        Interval = TimeSpan.FromSeconds(random.Next(4, 30)),

        // Without a lease worth the name all workers seal at once: it is to save work, and nothing may rest on it.
        LeaseTerm = random.Next(2) == 0 ? TimeSpan.FromMilliseconds(1) : TimeSpan.FromSeconds(random.Next(5, 180)),
        CleanInterval = TimeSpan.FromSeconds(random.Next(2, 120)),
        Sealing = new SealingOptions
        {
            QuietAfter = random.Next(2) == 0 ? TimeSpan.FromSeconds(random.Next(1, 20)) : TimeSpan.FromHours(1),
            MergeFiles = random.Next(2, 20),
            TargetBytes = random.Next(3) == 0 ? random.Next(500, 5000) : 256L << 20,
            PlanInputsMax = random.Next(2) == 0 ? random.Next(2, 10) : 1024,
        },
    };

    private static TimeSpan DrawSleep(Random random) => random.Next(3) switch
    {
        0 => TimeSpan.FromHours(random.Next(2, 30)),
        1 => TimeSpan.FromDays(random.Next(8, 12)),
        _ => TimeSpan.FromDays(random.Next(31, 45)),
    };
}
