namespace Ingest.Tests.Chaos.Harness;

/// <summary>How large a run is. The same seed makes the same records, and the same faults in the same order.</summary>
internal sealed record ChaosSetting
{
    public const int Topics = 3, PartitionsPerTopic = 4;

    public int Faults { get; init; } = 500;

    /// <summary>Distinct records.</summary>
    public long Records { get; init; } = 10_000_000;

    public int RecordsPerTransfer { get; init; } = 50;

    /// <summary>Time to spread records and faults over. Faults that take longer than their share make it longer; records are held back then, so that none is without load.</summary>
    public TimeSpan Over { get; init; } = TimeSpan.FromSeconds(4000);

    /// <summary>No fault is begun after this time: what was reached is judged then.</summary>
    public TimeSpan AtMost { get; init; } = TimeSpan.FromHours(12);

    /// <summary>How long the workers may take until everything that was sent is in the table, after any fault and at the end. Longer is a finding.</summary>
    public TimeSpan ResumeMax { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>After so long it is told how things stand, and waited on.</summary>
    public TimeSpan SlowAfter { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>Kinds of faults; empty for all.</summary>
    public IReadOnlyList<string> Kinds { get; init; } = [];

    public int Seed { get; init; } = 1;

    public int Workers { get; init; } = 3;

    /// <summary>Beyond the session timeout in use.</summary>
    public TimeSpan Zombie { get; init; } = TimeSpan.FromSeconds(9);

    /// <summary>Broker, disk and scale faults last up to twice this.</summary>
    public TimeSpan Short { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>Pool, logs and caches; deleted when all is well.</summary>
    public required string Folder { get; init; }

    /// <summary>Size of the pool's own disk.</summary>
    public long DiskBytes { get; init; } = 16L << 30;

    /// <summary>Told what happens, line by line.</summary>
    public Action<string> Say { get; init; } = _ => { };
}
