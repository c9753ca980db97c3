namespace Ingest.Tests.Simulation.Harness;

/// <summary>What becomes of one request.</summary>
internal enum StoreFate
{
    Well,

    /// <summary>Nothing happened, and the answer says so (503).</summary>
    Refused,

    /// <summary>It never arrived; an error, or no answer at all.</summary>
    RequestLost,

    /// <summary>It was carried out, and the answer got lost: an error, or no answer at all.</summary>
    ReplyLost,

    /// <summary>An error now; carried out up to a minute and a half later, when others have long gone on.</summary>
    Late,
}

/// <summary>How a store behaves for a while. Probabilities a request.</summary>
internal sealed record StoreWeather(double Refused, double RequestLost, double ReplyLost, double Late, double StaleList, TimeSpan LatencyMax)
{
    public static StoreWeather Fair { get; } = new(0, 0, 0, 0, 0, TimeSpan.FromMilliseconds(20));

    public static StoreWeather Down { get; } = Fair with { Refused = 1 };

    public StoreFate Draw(World world, StoreCall call)
    {
        var drawn = world.Random.NextDouble();
        if ((drawn -= Refused) < 0) return StoreFate.Refused;
        if ((drawn -= RequestLost) < 0) return StoreFate.RequestLost;
        if ((drawn -= ReplyLost) < 0) return StoreFate.ReplyLost;
        return drawn - Late < 0 && call != StoreCall.List ? StoreFate.Late : StoreFate.Well;
    }

    public TimeSpan Latency(World world) => LatencyMax * world.Random.NextDouble();

    public bool IsListStale(World world) => StaleList > 0 && world.Chance(StaleList);
}
