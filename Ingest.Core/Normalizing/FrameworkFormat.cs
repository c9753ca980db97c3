using System.Globalization;
using System.Text;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>A .NET format that <see cref="CompiledFormat"/> leaves alone (month names, 12-hour clocks, two-digit years): slower, same results.</summary>
internal sealed class FrameworkFormat(string format) : MomentFormat
{
    private const int MaxLength = 128;
    private const int TicksPerMicro = 10;

    // A format without a date means 0001-01-01, never today. An offset in the text is applied, so that the machine's own zone has no say.
    private const DateTimeStyles Styles = DateTimeStyles.NoCurrentDateDefault | DateTimeStyles.AdjustToUniversal;

    public override ReasonCode Read(ReadOnlySpan<byte> text, out Moment moment)
    {
        moment = default;
        if (text.Length > MaxLength) return ReasonCode.TypeMismatch;
        Span<char> chars = stackalloc char[MaxLength];
        chars = chars[..Encoding.UTF8.GetChars(text, chars)];
        if (!DateTime.TryParseExact(chars, format, CultureInfo.InvariantCulture, Styles, out var parsed)) return ReasonCode.TypeMismatch;
        if (parsed.Ticks % TicksPerMicro != 0) return ReasonCode.OutOfRange;
        moment.Day = (int)(parsed.Ticks / TimeSpan.TicksPerDay) + CivilTime.MinDay;
        moment.MicrosOfDay = parsed.Ticks % TimeSpan.TicksPerDay / TicksPerMicro;
        moment.Kind = parsed.Kind == DateTimeKind.Utc ? MomentKind.Instant : MomentKind.Local;
        return ReasonCode.None;
    }
}
