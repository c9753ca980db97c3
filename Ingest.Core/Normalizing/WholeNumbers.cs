using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>32-bit whole numbers; see <see cref="LongReader"/>.</summary>
internal readonly struct IntReader : IValueReader<int>
{
    public ReasonCode Read(ReadOnlySpan<byte> text, FieldKind kind, out int value)
    {
        var reason = LongReader.Read(text, out var wide);
        value = (int)wide;
        return reason == ReasonCode.None && value != wide ? ReasonCode.OutOfRange : reason;
    }
}

/// <summary>64-bit whole numbers. A zero fraction or an exponent that leaves a whole number is accepted (<c>12.0</c>, <c>1e3</c>); 12.5 is out of range.</summary>
internal readonly struct LongReader : IValueReader<long>
{
    private const int MaxPlainDigits = 18;

    public ReasonCode Read(ReadOnlySpan<byte> text, FieldKind kind, out long value) => Read(text, out value);

    public static ReasonCode Read(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        var i = !text.IsEmpty && text[0] is (byte)'-' or (byte)'+' ? 1 : 0;
        if ((uint)(text.Length - i - 1) >= MaxPlainDigits) return ReadExactly(text, out value);
        long sum = 0;
        for (; i < text.Length; i++)
        {
            var digit = (uint)(text[i] - '0');
            if (digit > 9) return ReadExactly(text, out value);
            sum = (sum * 10) + digit;
        }

        value = text[0] == '-' ? -sum : sum;
        return ReasonCode.None;
    }

    private static ReasonCode ReadExactly(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        var reason = ExactNumber.Read(text, out var number);
        if (reason != ReasonCode.None) return reason;
        reason = number.Scale(0, number.IsNegative ? (UInt128)long.MaxValue + 1 : (UInt128)long.MaxValue, out var size);
        if (reason == ReasonCode.None) value = number.IsNegative ? (long)-(Int128)size : (long)size;
        return reason;
    }
}
