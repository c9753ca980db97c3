namespace Ingest.Core.Deduplicating.Index;

/// <summary>What given runs hold of given keys, in the order of the keys.</summary>
/// <param name="Held">Whether any of the runs holds the key.</param>
/// <param name="Contents">Identity mode: the content that goes with it, 0 where it is not held; else empty.</param>
public sealed record RunLookup(bool[] Held, UInt128[] Contents);
