using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Replay;

/// <summary>A row of the quarantine: a refused record or, with position -1, a whole refused transfer.</summary>
public sealed record QuarantinedRecord
{
    /// <summary>Identifies the row: source, topic, partition, offset and position.</summary>
    public required string Id { get; init; }

    public required string Department { get; init; }

    /// <summary>Dataset it was refused for; null when that was not known.</summary>
    public required string? Dataset { get; init; }

    /// <summary>The reason as the table has it.</summary>
    public required string Reason { get; init; }

    public required TopicPartition Source { get; init; }

    public required long Offset { get; init; }

    /// <summary>Zero-based position in the transfer; -1 for a whole one.</summary>
    public required int Position { get; init; }

    /// <summary>Kafka's time of the transfer, milliseconds since 1970 UTC; 0 when there is none.</summary>
    public required long PublishedAtMs { get; init; }

    /// <summary>The refused bytes, as they came.</summary>
    public required byte[] Raw { get; init; }

    /// <summary>CSV: the transfer's header; null where none was kept.</summary>
    public required byte[]? Header { get; init; }

    /// <summary>Name of the Kafka cluster: the first part of the id.</summary>
    public string SourceName => Id[..Math.Max(0, Id.IndexOf('/', StringComparison.Ordinal))];
}
