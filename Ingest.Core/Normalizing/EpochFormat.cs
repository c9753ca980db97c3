using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>A count since 1970-01-01 UTC, in units of 10^secondsPower seconds; a fraction may go down to microseconds.</summary>
internal sealed class EpochFormat(int secondsPower) : MomentFormat
{
    private const int MicrosPower = 6;

    public override ReasonCode Read(ReadOnlySpan<byte> text, out Moment moment)
    {
        moment = default;
        var reason = ExactNumber.Read(text, out var number);
        if (reason != ReasonCode.None) return reason;
        reason = number.Scale(secondsPower + MicrosPower, (UInt128)CivilTime.MaxMicros, out var size);
        if (reason != ReasonCode.None) return reason;
        var micros = number.IsNegative ? -(long)size : (long)size;
        if (micros < CivilTime.MinMicros) return ReasonCode.OutOfRange;
        moment.Day = CivilTime.DayOf(micros);
        moment.MicrosOfDay = micros - (moment.Day * CivilTime.MicrosPerDay);
        moment.Kind = MomentKind.Instant;
        return ReasonCode.None;
    }
}
