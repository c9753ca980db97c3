using Ingest.Core.Contracts;

namespace Ingest.Fuzz;

/// <summary>Sends seeded messages through every target in turn.</summary>
internal sealed class FuzzRun
{
    private const int MessagesPerChunk = 16;

    private readonly (FuzzTarget Target, byte[][] Transfers, string Format)[] _targets;

    public FuzzRun()
    {
        var result = CatalogLoader.Load(FuzzCorpus.Contracts.Select((text, i) => new ContractSource($"fuzz-{i}.yaml", text)));
        if (result.Catalog is not { } catalog) throw new InvalidOperationException(string.Join('\n', result.Errors));
        _targets = [.. catalog.Topics.Values.Select(topic =>
        {
            var format = topic.Topic.Split('.')[0];
            var transfers = FuzzCorpus.Transfers(format);
            return (new FuzzTarget(topic, transfers[0]), transfers, format);
        })];
    }

    public long Rows => _targets.Sum(t => t.Target.Rows);

    public long Refusals => _targets.Sum(t => t.Target.Refusals);

    /// <summary>Messages of one seed; the first thing that is wrong, or null.</summary>
    public string? Run(ulong seed, long messages, CancellationToken cancellation)
    {
        var random = new FuzzRandom(seed);
        var chunk = new List<byte[]>(MessagesPerChunk);
        for (var sent = 0L; sent < messages && !cancellation.IsCancellationRequested; sent += chunk.Count)
        {
            var (target, transfers, _) = _targets[random.Next(_targets.Length)];
            chunk.Clear();
            while (chunk.Count < MessagesPerChunk && sent + chunk.Count < messages) chunk.Add(Mutator.Mutate(ref random, transfers));
            if (target.Check(chunk) is { } wrong) return $"seed {seed}, after {sent} messages: {wrong}";
        }

        return null;
    }

    /// <summary>Every monster once; with <paramref name="isTimed"/> also whether each is done in time.</summary>
    public string? Monsters(bool isTimed)
    {
        foreach (var format in _targets.DistinctBy(t => t.Format))
        {
            foreach (var monster in FuzzCorpus.Monsters(format.Format))
            {
                if ((isTimed ? format.Target.CheckTime(monster) : format.Target.Check([monster])) is { } wrong) return $"{format.Format}: {wrong[..Math.Min(wrong.Length, 2000)]}";
            }
        }

        return null;
    }
}
