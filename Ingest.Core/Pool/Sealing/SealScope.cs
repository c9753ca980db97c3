namespace Ingest.Core.Pool.Sealing;

/// <summary>What is to be sealed.</summary>
/// <param name="Everything">Whatever is not sealed yet, however fresh and little; else what is due.</param>
/// <param name="Folder">Only this partition's folder, with a '/' at its end; null for all.</param>
public sealed record SealScope(bool Everything, string? Folder)
{
    public static SealScope Due { get; } = new(false, null);

    public static SealScope All { get; } = new(true, null);
}
