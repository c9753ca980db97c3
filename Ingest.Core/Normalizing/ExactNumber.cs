using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>
/// A decimal number as it is written, without loss: sign × Digits × 10^Exponent, Digits of at most 38 figures and not ending in 0. The grammar:
/// an optional sign, digits with an optional point (<c>12</c>, <c>12.5</c>, <c>.5</c>; not <c>12.</c>), an optional exponent.
/// </summary>
internal readonly struct ExactNumber
{
    private const int MaxFigures = 38;
    private const int MaxExponent = 1 << 29;

    private ExactNumber(bool negative, UInt128 digits, int exponent)
    {
        IsNegative = negative;
        Digits = digits;
        Exponent = exponent;
    }

    public bool IsNegative { get; }

    public UInt128 Digits { get; }

    public int Exponent { get; }

    /// <summary>Type mismatch: no number. Out of range: more than 38 significant figures.</summary>
    public static ReasonCode Read(ReadOnlySpan<byte> text, out ExactNumber number)
    {
        number = default;
        var i = 0;
        var negative = false;
        if (!text.IsEmpty && text[0] is (byte)'-' or (byte)'+')
        {
            negative = text[0] == '-';
            i = 1;
        }

        var digits = UInt128.Zero;
        int figures = 0, zeros = 0, seen = 0, fraction = 0;
        var point = -1;
        for (; i < text.Length; i++)
        {
            if (text[i] == '.' && point < 0)
            {
                point = i;
                continue;
            }

            var digit = (uint)(text[i] - '0');
            if (digit > 9) break;
            seen++;
            if (point >= 0) fraction++;
            if (digit == 0)
            {
                // Zeros wait: they count only when another figure follows.
                if (figures != 0) zeros++;
                continue;
            }

            figures += zeros + 1;
            if (figures <= MaxFigures) digits = (digits * PowersOfTen.Wide(zeros + 1)) + digit;
            zeros = 0;
        }

        if (seen == 0 || (point >= 0 && fraction == 0)) return ReasonCode.TypeMismatch;
        if (!TryReadExponent(text[i..], out var exponent)) return ReasonCode.TypeMismatch;
        if (figures > MaxFigures) return ReasonCode.OutOfRange;
        number = figures == 0 ? default : new ExactNumber(negative, digits, exponent - fraction + zeros);
        return ReasonCode.None;
    }

    /// <summary>Digits × 10^(Exponent + scale), without its sign: out of range when that is not whole or above <paramref name="max"/>.</summary>
    public ReasonCode Scale(int scale, UInt128 max, out UInt128 value)
    {
        value = Digits;
        if (Digits == 0) return ReasonCode.None;
        var shift = Exponent + scale;
        if (shift is < 0 or > MaxFigures || Digits > max / PowersOfTen.Wide(shift)) return ReasonCode.OutOfRange;
        value = Digits * PowersOfTen.Wide(shift);
        return ReasonCode.None;
    }

    private static bool TryReadExponent(ReadOnlySpan<byte> text, out int exponent)
    {
        exponent = 0;
        if (text.IsEmpty) return true;
        if (text[0] is not ((byte)'e' or (byte)'E')) return false;
        text = text[1..];
        var negative = false;
        if (!text.IsEmpty && text[0] is (byte)'-' or (byte)'+')
        {
            negative = text[0] == '-';
            text = text[1..];
        }

        if (text.IsEmpty) return false;
        foreach (var c in text)
        {
            if (c is < (byte)'0' or > (byte)'9') return false;

            // Far beyond any column, but not so far that adding the fraction's length overflows.
            exponent = (int)Math.Min((exponent * 10L) + c - '0', MaxExponent);
        }

        if (negative) exponent = -exponent;
        return true;
    }
}
