namespace Ingest.Core.Pool.Delta;

/// <summary>
/// What the last entries said, by the hash of their bytes. A worker reads each of its own and its rivals' entries several times within a minute: to commit, to seal, to merge, for the checkpoint. The
/// bytes are read from the store each time, for only they are the truth; to read them as JSON again would give the same. Thread-safe: a slot is exchanged as a whole.
/// </summary>
internal static class ReadEntries
{
    /// <summary>With <see cref="BytesMax"/>: 2 MiB of JSON at the most, some times that as objects, and mostly a tenth.</summary>
    private const int Slots = 128, BytesMax = 16 << 10;

    private static readonly Known?[] s_known = new Known?[Slots];

    /// <exception cref="InvalidDataException">As of <see cref="LogJson.Read"/>.</exception>
    public static IReadOnlyList<LogAction> Of(byte[] entry, UInt128 hash)
    {
        ref var slot = ref s_known[(int)((ulong)hash % Slots)];
        var known = Volatile.Read(ref slot);
        var isKnown = known?.Hash == hash;
        Mutation.Set(Bug.TakesAnyKnownEntry, ref isKnown, known is not null);
        if (isKnown) return known!.Actions;
        IReadOnlyList<LogAction> actions = LogJson.Read(entry).AsReadOnly();
        if (entry.Length <= BytesMax) Volatile.Write(ref slot, new Known(hash, actions));
        return actions;
    }

    private sealed record Known(UInt128 Hash, IReadOnlyList<LogAction> Actions);
}
