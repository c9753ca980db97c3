namespace Ingest.Core;

/// <summary>Makes unique ids (transaction ids, file names). Injected, so that a simulation replays from its seed.</summary>
public abstract class IdSource
{
    /// <summary>Ids from the operating system's random source.</summary>
    public static IdSource System { get; } = new SystemIdSource();

    /// <summary>An id that no other call on any machine returns.</summary>
    public abstract Guid Next();

    private sealed class SystemIdSource : IdSource
    {
#pragma warning disable RS0030 // the one place that asks the operating system
        public override Guid Next() => Guid.NewGuid();
#pragma warning restore RS0030
    }
}

/// <summary>Ids from a seed, for simulations and tests. Not thread-safe.</summary>
public sealed class SeededIdSource(int seed) : IdSource
{
    private readonly Random _random = new(seed);

    public override Guid Next()
    {
        Span<byte> bytes = stackalloc byte[16];
        _random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
