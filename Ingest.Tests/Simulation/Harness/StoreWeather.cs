namespace Ingest.Tests.Simulation.Harness;

/// <summary>What becomes of one request.</summary>
internal enum StoreFate
{
    Well,

    /// <summary>Nothing happened, and the answer says so (503, 409).</summary>
    Refused,

    /// <summary>Nothing happened: 403, or a read-only file system.</summary>
    Denied,

    /// <summary>Nothing happened: no room.</summary>
    Full,

    /// <summary>It never arrived; an error, or no answer at all.</summary>
    RequestLost,

    /// <summary>It was carried out, and the answer got lost: an error, or no answer at all.</summary>
    ReplyLost,

    /// <summary>An error now; carried out up to a minute and a half later, when others have long gone on.</summary>
    Late,

    /// <summary>Half of the object arrived, and an error was the answer. Log entries and plans of sealing are spared: that they are whole or not there is what a store must promise.</summary>
    Torn,

    /// <summary>A create was carried out, and the answer is that the name is taken: something between us and the store repeated it.</summary>
    AnsweredTaken,
}

/// <summary>How a store behaves for a while. Probabilities a request.</summary>
internal sealed record StoreWeather(TimeSpan LatencyMax)
{
    public static StoreWeather Fair { get; } = new(TimeSpan.FromMilliseconds(20));

    public static StoreWeather Down { get; } = Fair with { Refused = 1 };

    public double Refused { get; init; }

    public double RequestLost { get; init; }

    public double ReplyLost { get; init; }

    public double Late { get; init; }

    /// <summary>How long what arrives late takes at least.</summary>
    public TimeSpan LateAfter { get; init; }

    public double Torn { get; init; }

    public double AnsweredTaken { get; init; }

    public double StaleList { get; init; }

    /// <summary>Only requests for names that start so are concerned; null for all.</summary>
    public string? Only { get; init; }

    /// <summary>Every write is answered so; null: by chance.</summary>
    public StoreFate? Writes { get; init; }

    /// <summary>Some kind of bad weather.</summary>
    public static StoreWeather DrawBad(World world) => world.Random.Next(10) switch
    {
        0 => Down,
        1 => Fair with { Writes = StoreFate.Denied },
        2 => Fair with { Writes = StoreFate.Full },
        3 => Fair with { LatencyMax = TimeSpan.FromSeconds(world.Random.Next(1, 15)) },
        4 => Fair with { ReplyLost = 0.3, AnsweredTaken = 0.2, LatencyMax = TimeSpan.FromMilliseconds(300) },
        5 => Fair with { Late = 0.3, StaleList = 0.5, LatencyMax = TimeSpan.FromMilliseconds(300) },
        6 => Fair with { Torn = 0.3, StaleList = 0.3 },
        _ => new StoreWeather(TimeSpan.FromMilliseconds(world.Random.Next(20, 3000)))
        {
            Refused = 0.1,
            RequestLost = 0.05,
            ReplyLost = 0.05,
            Late = 0.05,
            Torn = 0.05,
            AnsweredTaken = 0.05,
            StaleList = 0.2,
        },
    };

    /// <summary>Commits to one table are refused; everything before them goes well.</summary>
    public static StoreWeather RefusedCommits(string table) => Fair with { Only = $"{table}/_delta_log/", Writes = StoreFate.Refused };

    /// <summary>Commits to one table arrive, if they do, when their worker has long been told that they failed.</summary>
    public static StoreWeather LateCommits(string table) => Fair with { Only = $"{table}/_delta_log/", Late = 0.7, RequestLost = 0.1, ReplyLost = 0.1 };

    /// <summary>All commits to one table arrive when a hand-over has not waited for them.</summary>
    public static StoreWeather OnlyLateCommits(string table) => Fair with { Only = $"{table}/_delta_log/", Late = 1, LateAfter = TimeSpan.FromSeconds(25) };

    public StoreFate Draw(World world, StoreCall call, string name)
    {
        if (Only is not null && !name.StartsWith(Only, StringComparison.Ordinal)) return StoreFate.Well;
        var isWrite = call is StoreCall.Create or StoreCall.Replace or StoreCall.Delete;
        if (Writes is { } always && isWrite) return always;
        var drawn = world.Random.NextDouble();
        if ((drawn -= Refused) < 0) return StoreFate.Refused;
        if ((drawn -= RequestLost) < 0) return StoreFate.RequestLost;
        if ((drawn -= ReplyLost) < 0) return StoreFate.ReplyLost;
        if (!isWrite) return StoreFate.Well;
        if ((drawn -= Late) < 0) return StoreFate.Late;
        if ((drawn -= AnsweredTaken) < 0) return call == StoreCall.Create ? StoreFate.AnsweredTaken : StoreFate.Well;
        return drawn - Torn < 0 && call != StoreCall.Delete && !IsLogEntry(name) ? StoreFate.Torn : StoreFate.Well;
    }

    public TimeSpan Latency(World world) => LatencyMax * world.Random.NextDouble();

    public bool IsListStale(World world) => StaleList > 0 && world.Chance(StaleList);

    private static bool IsLogEntry(string name) => name.EndsWith(".json", StringComparison.Ordinal) && (name.Contains("/_delta_log/", StringComparison.Ordinal) || name.Contains("/_seal/plan-", StringComparison.Ordinal));
}
