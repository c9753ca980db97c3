namespace Ingest.Core.Pool.Parquet;

/// <summary>What the footer says of a column chunk.</summary>
internal sealed record ChunkMetadata
{
    public required PhysicalColumn Column { get; init; }

    public required int[] Encodings { get; init; }

    public required int Rows { get; init; }

    public required int Nulls { get; init; }

    /// <summary>Rows of the batch that hold the least and the greatest value; -1 where none is known.</summary>
    public required int LeastRow { get; init; }

    public required int GreatestRow { get; init; }

    /// <summary>The same values in plain encoding, text without its length; null where none is known, or none that is short enough.</summary>
    public required byte[]? Least { get; init; }

    public required byte[]? Greatest { get; init; }

    /// <summary>Where its dictionary begins; -1 when it has none.</summary>
    public required long DictionaryOffset { get; init; }

    public required long DataOffset { get; init; }

    /// <summary>With page headers.</summary>
    public required long CompressedBytes { get; init; }

    public required long UncompressedBytes { get; init; }

    public long Offset => DictionaryOffset >= 0 ? DictionaryOffset : DataOffset;
}
