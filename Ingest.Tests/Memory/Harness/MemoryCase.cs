namespace Ingest.Tests.Memory.Harness;

/// <summary>One situation in which memory must stay under the budget and a margin.</summary>
internal sealed record MemoryCase
{
    public required string Name { get; init; }

    public required string What { get; init; }

    /// <summary>Topics with their number of partitions.</summary>
    public required IReadOnlyList<(string Topic, int Partitions)> Topics { get; init; }

    /// <summary>The contract without its dataset and topics.</summary>
    public string Columns { get; init; } = MemoryCases.Columns;

    /// <summary>The transfers: topic, key and bytes, which are valid until the next one.</summary>
    public required IEnumerable<(string Topic, string Key, ReadOnlyMemory<byte> Payload)> Transfers { get; init; }

    public required long Rows { get; init; }

    /// <summary>More than an embedded broker keeps.</summary>
    public bool NeedsKafka { get; init; }

    /// <summary>How long the pool's disk refuses writes, in the middle of the backlog.</summary>
    public TimeSpan Stall { get; init; }

    /// <summary>Settings of the worker beside its budget, by their full names.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    public string Dataset => $"memory-{Name}";
}
