using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>Exact decimals of up to 18 digits, as unscaled longs. Digits beyond the scale must be zero, or the value is out of range.</summary>
internal readonly struct SmallDecimalReader(int precision, int scale) : IValueReader<long>
{
    private const int MaxPlainLength = 18;
    private readonly long _max = PowersOfTen.Long(precision) - 1;
    private readonly int _scale = scale;

    public ReasonCode Read(ReadOnlySpan<byte> text, FieldKind kind, out long value)
    {
        value = 0;
        var i = !text.IsEmpty && text[0] is (byte)'-' or (byte)'+' ? 1 : 0;
        if (text.Length > MaxPlainLength) return ReadExactly(text, out value);
        var point = text.Length;
        long sum = 0;
        for (; i < text.Length; i++)
        {
            var digit = (uint)(text[i] - '0');
            if (digit <= 9) sum = (sum * 10) + digit;
            else if (text[i] == '.' && point == text.Length) point = i;
            else return ReadExactly(text, out value);
        }

        // No digits, none after the point, or more than the scale: rare, and the exact way knows what to say.
        var fraction = Math.Max(0, text.Length - point - 1);
        if (text.IsEmpty || (uint)(text[^1] - '0') > 9 || fraction > _scale) return ReadExactly(text, out value);
        var factor = PowersOfTen.Long(_scale - fraction);
        if (sum > _max / factor) return ReasonCode.OutOfRange;
        value = text[0] == '-' ? -sum * factor : sum * factor;
        return ReasonCode.None;
    }

    private ReasonCode ReadExactly(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        var reason = ExactNumber.Read(text, out var number);
        if (reason != ReasonCode.None) return reason;
        reason = number.Scale(_scale, (UInt128)_max, out var size);
        if (reason == ReasonCode.None) value = number.IsNegative ? -(long)size : (long)size;
        return reason;
    }
}

/// <summary>Exact decimals of 19 to 38 digits, as unscaled 128-bit integers.</summary>
internal readonly struct WideDecimalReader(int precision, int scale) : IValueReader<Int128>
{
    private readonly UInt128 _max = PowersOfTen.Wide(precision) - 1;
    private readonly int _scale = scale;

    public ReasonCode Read(ReadOnlySpan<byte> text, FieldKind kind, out Int128 value)
    {
        value = 0;
        var reason = ExactNumber.Read(text, out var number);
        if (reason != ReasonCode.None) return reason;
        reason = number.Scale(_scale, _max, out var size);
        if (reason == ReasonCode.None) value = number.IsNegative ? -(Int128)size : (Int128)size;
        return reason;
    }
}
