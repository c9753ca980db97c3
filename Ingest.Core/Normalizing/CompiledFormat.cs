using System.Diagnostics.CodeAnalysis;
using System.Text;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>
/// A .NET custom format compiled to a few steps over UTF-8 bytes: yyyy, MM, M, dd, d, HH, H, mm, m, ss, s, f to fffffff, K, zzz, Z and literals (also
/// quoted or after a backslash). Means what <see cref="DateTime.TryParseExact(string, string, IFormatProvider, System.Globalization.DateTimeStyles, out DateTime)"/>
/// means in the invariant culture.
/// </summary>
internal sealed class CompiledFormat : MomentFormat
{
    private readonly Step[] _steps;

    private CompiledFormat(Step[] steps) => _steps = steps;

    /// <summary>False: the format has a specifier that only the framework reads.</summary>
    public static bool TryCompile(string format, [NotNullWhen(true)] out CompiledFormat? compiled)
    {
        compiled = null;
        if (format.Length < 2) return false; // a standard format, such as "u"
        var steps = new List<Step>();
        var seen = new HashSet<Part>();
        for (var i = 0; i < format.Length;)
        {
            var run = 1;
            while (i + run < format.Length && format[i + run] == format[i]) run++;
            if (!TryAdd(format, ref i, run, steps, seen)) return false;
        }

        compiled = new CompiledFormat([.. steps]);
        return true;
    }

    public override ReasonCode Read(ReadOnlySpan<byte> text, out Moment moment)
    {
        moment = default;
        int year = 1, month = 1, day = 1, hour = 0, minute = 0, second = 0, fraction = 0, at = 0;
        var reason = ReasonCode.None;
        foreach (var step in _steps)
        {
            var value = 0;
            switch (step.Part)
            {
                case Part.Literal:
                    if ((uint)at >= (uint)text.Length || text[at] != step.Argument) return ReasonCode.TypeMismatch;
                    at++;
                    continue;
                case Part.Offset:
                    if (!TryReadOffset(text, step.Argument, ref at, ref moment)) return ReasonCode.TypeMismatch;
                    continue;
                case Part.Fraction:
                    if (!TryReadFraction(text, step.Argument, ref at, out fraction, out var isLossy)) return ReasonCode.TypeMismatch;
                    if (isLossy) reason = ReasonCode.OutOfRange;
                    continue;
                case Part.Year:
                    value = DigitText.Four(text, at);
                    at += 4;
                    break;
                case var _ when step.Argument == 1 && !DigitText.IsDigit(text, at + 1):
                    value = DigitText.IsDigit(text, at) ? text[at] - '0' : -1;
                    at++;
                    break;
                default:
                    value = DigitText.Two(text, at);
                    at += 2;
                    break;
            }

            if (value < 0) return ReasonCode.TypeMismatch;
            switch (step.Part)
            {
                case Part.Year: year = value; break;
                case Part.Month: month = value; break;
                case Part.Day: day = value; break;
                case Part.Hour: hour = value; break;
                case Part.Minute: minute = value; break;
                default: second = value; break;
            }
        }

        if (at != text.Length || hour > 23 || minute > 59 || second > 59) return ReasonCode.TypeMismatch;
        if (!CivilTime.TryDay(year, month, day, out moment.Day)) return ReasonCode.TypeMismatch;
        moment.MicrosOfDay = (((((hour * 60) + minute) * 60) + second) * CivilTime.MicrosPerSecond) + fraction;
        return reason;
    }

    private static bool TryReadFraction(ReadOnlySpan<byte> text, int digits, ref int at, out int micros, out bool isLossy)
    {
        micros = 0;
        isLossy = false;
        var unit = 100_000;
        for (var end = at + digits; at < end; at++, unit /= 10)
        {
            if (!DigitText.IsDigit(text, at)) return false;
            micros += (text[at] - '0') * unit;
            isLossy |= unit == 0 && text[at] != '0';
        }

        return true;
    }

    private static bool TryReadOffset(ReadOnlySpan<byte> text, byte specifier, ref int at, ref Moment moment)
    {
        if (specifier == 'K' && at == text.Length) return true;
        var isZulu = at < text.Length && text[at] == 'Z';
        if ((specifier == 'Z' && !isZulu) || (specifier == 'z' && isZulu)) return false;
        moment.Kind = MomentKind.Offset;
        return DigitText.TryOffset(text, ref at, out moment.OffsetMinutes);
    }

    private static bool TryAdd(string format, ref int i, int run, List<Step> steps, HashSet<Part> seen)
    {
        var c = format[i];
        Step? step = c switch
        {
            'y' when run == 4 => new(Part.Year, 4),
            'M' when run <= 2 => new(Part.Month, (byte)run),
            'd' when run <= 2 => new(Part.Day, (byte)run),
            'H' when run <= 2 => new(Part.Hour, (byte)run),
            'm' when run <= 2 => new(Part.Minute, (byte)run),
            's' when run <= 2 => new(Part.Second, (byte)run),
            'f' when run <= 7 => new(Part.Fraction, (byte)run),
            'z' when run == 3 => new(Part.Offset, (byte)'z'),
            'K' or 'Z' when run == 1 => new(Part.Offset, (byte)c),
            _ => null,
        };
        if (step is { } known)
        {
            // The framework compares a specifier that comes twice; K in the middle would have to look ahead.
            if (!seen.Add(known.Part) || (c == 'K' && i + 1 != format.Length)) return false;
            steps.Add(known);
            i += run;
            return true;
        }

        return !"yMdHmsfFzKZght%".Contains(c, StringComparison.Ordinal) && TryAddLiteral(format, ref i, steps);
    }

    private static bool TryAddLiteral(string format, ref int i, List<Step> steps)
    {
        string literal;
        if (format[i] is '\'' or '"')
        {
            var end = format.IndexOf(format[i], i + 1);
            if (end < 0) return false;
            literal = format[(i + 1)..end];
            if (literal.Contains('\\', StringComparison.Ordinal)) return false;
            i = end + 1;
        }
        else
        {
            if (format[i] == '\\' && ++i == format.Length) return false;
            var length = char.IsHighSurrogate(format[i]) && i + 1 < format.Length ? 2 : 1;
            literal = format.Substring(i, length);
            i += length;
        }

        foreach (var b in Encoding.UTF8.GetBytes(literal)) steps.Add(new Step(Part.Literal, b));
        return true;
    }

    private enum Part : byte
    {
        Literal,
        Year,
        Month,
        Day,
        Hour,
        Minute,
        Second,
        Fraction,
        Offset,
    }

    /// <param name="Argument">Literal: the byte. Offset: the specifier. Else the number of digits, where 1 means one or two.</param>
    private readonly record struct Step(Part Part, byte Argument);
}
