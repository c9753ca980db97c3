namespace Ingest.Core.Decoding;

/// <summary>Bounds on what is decoded; what is beyond goes to quarantine.</summary>
public sealed record DecodeLimits
{
    /// <summary>Largest transfer, in bytes. Default 32 MiB.</summary>
    public int TransferBytesMax { get; init; } = 32 << 20;

    /// <summary>Largest record, in bytes. Default 16 MiB.</summary>
    public int RecordBytesMax { get; init; } = 16 << 20;

    /// <summary>
    /// What the records of one transfer may weigh in memory while they are taken in, in bytes: a million records of ten columns weigh a quarter of a gigabyte, however short they are. Default 256 MiB,
    /// half of the default budget.
    /// </summary>
    public long WeightMax { get; init; } = 256L << 20;

    /// <summary>Deepest nesting of JSON. Fixed: deeper JSON is refused by most readers downstream too.</summary>
    public const int DepthMax = 64;
}
