namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// An immutable sorted run of fingerprints in the table's <c>_index/</c> folder, as the log names it. Published by the same log entry as the rows
/// it stands for; a run that no entry names does not exist.
/// </summary>
/// <param name="Name">File name below <c>_index/</c>.</param>
/// <param name="Keys">Number of fingerprints.</param>
/// <param name="Sum">Sum of the fingerprints modulo 2^128: with the count, the order-independent proof of content.</param>
/// <param name="Bytes">File size.</param>
public sealed record RunDescriptor(string Name, long Keys, UInt128 Sum, long Bytes);

/// <summary>Which runs a commit adds and which it replaces (a merge), and what the whole index holds afterwards.</summary>
/// <param name="TotalKeys">Fingerprints in all valid runs after this commit; equals the rows of the table.</param>
/// <param name="TotalSum">Their sum modulo 2^128.</param>
public sealed record IndexDelta(IReadOnlyList<RunDescriptor> Added, IReadOnlyList<string> Removed, long TotalKeys, UInt128 TotalSum);

/// <summary>A merge of runs into one that holds exactly their keys; dropped, at no loss, when one of them is no longer valid at commit.</summary>
public sealed record RunMerge(IReadOnlyList<RunDescriptor> Removed, RunDescriptor Added);
