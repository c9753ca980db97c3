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

    public static SimulationSetting Draw(Random random) => new()
    {
        IsCooperative = random.Next(2) == 0,
        Transfers = random.Next(10, 60),
        Trouble = TimeSpan.FromSeconds(random.Next(20, 180)),
        WorkersMax = random.Next(1, 4),
        FaultEvery = TimeSpan.FromSeconds(random.Next(2, 20)),
        BudgetBytes = random.Next(4) == 0 ? 4096 : 1 << 20,
        FlushAfter = TimeSpan.FromMilliseconds(random.Next(100, 3000)),
        FlushRows = random.Next(3) == 0 ? random.Next(2, 10) : 1000,
        IdleFlushAfter = TimeSpan.FromSeconds(random.Next(2, 30)),
        CheckpointInterval = random.Next(2, 12),
        Variety = random.Next(5, 80),
    };
}
