using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool;

namespace Ingest.Tests.Pool.Delta;

/// <summary>What lies outside the log: the records of each offset, the content of index runs, and what writers were told.</summary>
internal sealed class SimulatedWorld
{
    public const int Partitions = 3;

    public Dictionary<string, UInt128[]> Runs { get; } = new(StringComparer.Ordinal);

    public List<(Guid Id, CommitOutcome Outcome)> Told { get; } = [];

    /// <summary>Two records an offset; many are the same in several offsets and partitions.</summary>
    public static IEnumerable<UInt128> Keys(int partition, long from, long to)
    {
        for (var offset = from; offset < to; offset++)
        {
            yield return (UInt128)(ulong)(1 + (offset * 5 + partition) % 17);
            yield return (UInt128)(ulong)(1000 + 100 * partition + offset);
        }
    }

    public RunDescriptor Write(string name, UInt128[] keys)
    {
        Runs.Add(name, keys);
        return Commits.Run(name, keys);
    }
}
