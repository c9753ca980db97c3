using System.Collections.Immutable;
using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>
/// Instants, as microseconds since 1970-01-01 UTC. Times without offset are read in the column's zone: one that the clocks skipped is a mismatch, one
/// that they showed twice is the earlier. Instants outside the years 1 to 9999 (in UTC) are out of range.
/// </summary>
internal readonly struct TimestampReader(ImmutableArray<string> formats, TimeZoneInfo zone) : IValueReader<long>
{
    private readonly MomentFormat[] _formats = [.. formats.Select(f => f == "iso" ? new IsoTimeFormat() : MomentFormat.Create(f))];
    private readonly ZoneOffsets _zone = ZoneOffsets.Of(zone);

    public ReasonCode Read(ReadOnlySpan<byte> text, FieldKind kind, out long value)
    {
        var reason = MomentFormat.Read(_formats, text, out var moment);
        value = moment.Micros;
        if (reason != ReasonCode.None) return reason;
        if (moment.Kind == MomentKind.Local)
        {
            if (!_zone.TryToUtc(value, out value)) return ReasonCode.TypeMismatch;
        }
        else
        {
            value -= moment.OffsetMinutes * CivilTime.MicrosPerMinute;
        }

        return value is < CivilTime.MinMicros or > CivilTime.MaxMicros ? ReasonCode.OutOfRange : ReasonCode.None;
    }

    private sealed class IsoTimeFormat : MomentFormat
    {
        private readonly IsoFormat _iso = new();

        public override ReasonCode Read(ReadOnlySpan<byte> text, out Moment moment)
        {
            var reason = _iso.Read(text, out moment);
            return moment.MicrosOfDay == IsoFormat.DateOnly ? ReasonCode.TypeMismatch : reason;
        }
    }
}
