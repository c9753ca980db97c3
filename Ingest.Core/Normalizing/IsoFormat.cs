using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>
/// ISO 8601 extended format: <c>2020-02-05</c> or <c>2020-02-05T16:43:59.304+08:00</c>; a space for the T (RFC 3339), seconds and offset are optional, the
/// fraction may follow a point or comma. Digits beyond microseconds must be zero. Leap seconds and 24:00 are refused: they name no instant here.
/// </summary>
internal sealed class IsoFormat : MomentFormat
{
    private const int DateLength = 10;

    public override ReasonCode Read(ReadOnlySpan<byte> text, out Moment moment)
    {
        moment = default;
        if (text.Length < DateLength || text[4] != '-' || text[7] != '-') return ReasonCode.TypeMismatch;
        if (!CivilTime.TryDay(DigitText.Four(text, 0), DigitText.Two(text, 5), DigitText.Two(text, 8), out moment.Day)) return ReasonCode.TypeMismatch;
        if (text.Length == DateLength)
        {
            moment.MicrosOfDay = DateOnly;
            return ReasonCode.None;
        }

        if (text[DateLength] is not ((byte)'T' or (byte)' ')) return ReasonCode.TypeMismatch;
        var at = DateLength + 1;
        var reason = ReadTime(text, ref at, out moment.MicrosOfDay);
        if (reason == ReasonCode.TypeMismatch) return reason;
        if (at < text.Length)
        {
            if (!DigitText.TryOffset(text, ref at, out moment.OffsetMinutes) || at != text.Length) return ReasonCode.TypeMismatch;
            moment.Kind = MomentKind.Offset;
        }

        return reason;
    }

    /// <summary>In place of the time of day when the text gives none.</summary>
    public const long DateOnly = -1;

    private static ReasonCode ReadTime(ReadOnlySpan<byte> text, ref int at, out long micros)
    {
        micros = 0;
        int hour = DigitText.Two(text, at), minute = DigitText.Two(text, at + 3), second = 0;
        if ((uint)hour > 23 || (uint)minute > 59 || text[at + 2] != ':') return ReasonCode.TypeMismatch;
        at += 5;
        var reason = ReasonCode.None;
        if (at < text.Length && text[at] == ':')
        {
            second = DigitText.Two(text, at + 1);
            if ((uint)second > 59) return ReasonCode.TypeMismatch;
            at += 3;
            if (at < text.Length && text[at] is (byte)'.' or (byte)',') reason = ReadFraction(text, ref at, out micros);
        }

        micros += (hour * CivilTime.MicrosPerHour) + (minute * CivilTime.MicrosPerMinute) + (second * CivilTime.MicrosPerSecond);
        return reason;
    }

    private static ReasonCode ReadFraction(ReadOnlySpan<byte> text, ref int at, out long micros)
    {
        micros = 0;
        if (!DigitText.IsDigit(text, ++at)) return ReasonCode.TypeMismatch;
        var reason = ReasonCode.None;
        for (long unit = 100_000; DigitText.IsDigit(text, at); at++, unit /= 10)
        {
            var digit = text[at] - '0';
            micros += digit * unit;
            if (unit == 0 && digit != 0) reason = ReasonCode.OutOfRange;
        }

        return reason;
    }
}
