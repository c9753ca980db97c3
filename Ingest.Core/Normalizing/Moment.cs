namespace Ingest.Core.Normalizing;

/// <summary>A day and time of day as a text states it, before any zone is applied.</summary>
internal struct Moment
{
    /// <summary>Days since 1970-01-01.</summary>
    public int Day;

    /// <summary>Microseconds since midnight.</summary>
    public long MicrosOfDay;

    /// <summary>Minutes to subtract to get UTC; only when <see cref="Kind"/> is Offset.</summary>
    public int OffsetMinutes;

    public MomentKind Kind;

    public readonly long Micros => (Day * CivilTime.MicrosPerDay) + MicrosOfDay;
}

internal enum MomentKind : byte
{
    /// <summary>The time on the wall in the column's zone.</summary>
    Local,

    /// <summary>The time on the wall where the text's own offset holds.</summary>
    Offset,

    /// <summary>UTC, counted since 1970.</summary>
    Instant,
}
