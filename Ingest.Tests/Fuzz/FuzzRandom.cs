namespace Ingest.Fuzz;

/// <summary>SplitMix64: the same seed makes the same messages everywhere.</summary>
internal struct FuzzRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>From 0 to below <paramref name="below"/>; 0 when that is 0.</summary>
    public int Next(int below) => below <= 0 ? 0 : (int)(Next() % (ulong)below);

    public T Of<T>(IReadOnlyList<T> among) => among[Next(among.Count)];
}
