using System.Collections.Immutable;
using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>
/// Dates, as days since 1970-01-01. A text with an offset gives the date as written; a count since 1970 gives the date in the column's zone. With iso, a
/// midnight without offset is taken for the date alone; any other time of day would be lost, so it is a mismatch.
/// </summary>
internal readonly struct DateReader(ImmutableArray<string> formats, TimeZoneInfo zone) : IValueReader<int>
{
    private readonly MomentFormat[] _formats = [.. formats.Select(f => f == "iso" ? new IsoDateFormat() : MomentFormat.Create(f))];
    private readonly ZoneOffsets _zone = ZoneOffsets.Of(zone);

    public ReasonCode Read(ReadOnlySpan<byte> text, FieldKind kind, out int value)
    {
        value = 0;
        var reason = MomentFormat.Read(_formats, text, out var moment);
        if (reason != ReasonCode.None) return reason;
        value = moment.Kind == MomentKind.Instant ? CivilTime.DayOf(moment.Micros + _zone.OffsetAt(moment.Micros)) : moment.Day;
        return value is < CivilTime.MinDay or > CivilTime.MaxDay ? ReasonCode.OutOfRange : ReasonCode.None;
    }

    private sealed class IsoDateFormat : MomentFormat
    {
        private readonly IsoFormat _iso = new();

        public override ReasonCode Read(ReadOnlySpan<byte> text, out Moment moment)
        {
            var reason = _iso.Read(text, out moment);
            if (reason != ReasonCode.None || moment.Kind != MomentKind.Local || moment.MicrosOfDay > 0) return ReasonCode.TypeMismatch;
            moment.MicrosOfDay = 0;
            return ReasonCode.None;
        }
    }
}
