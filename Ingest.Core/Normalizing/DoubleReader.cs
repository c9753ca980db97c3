using System.Globalization;
using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>
/// IEEE 754 doubles, correctly rounded. The same grammar as the exact numbers, so NaN and Infinity are no numbers; too large is out of range.
/// -0 becomes 0: the two are equal, so they must not make two rows.
/// </summary>
internal readonly struct DoubleReader : IValueReader<double>
{
    // 15 digits and 10^22 are exact in a double, so one division of the two is correctly rounded (Clinger 1990).
    private const int MaxPlainLength = 15;

    public ReasonCode Read(ReadOnlySpan<byte> text, FieldKind kind, out double value)
    {
        value = 0;
        var i = !text.IsEmpty && text[0] is (byte)'-' or (byte)'+' ? 1 : 0;
        if (text.Length > MaxPlainLength) return ReadAny(text, out value);
        var point = text.Length;
        long sum = 0;
        for (; i < text.Length; i++)
        {
            var digit = (uint)(text[i] - '0');
            if (digit <= 9) sum = (sum * 10) + digit;
            else if (text[i] == '.' && point == text.Length) point = i;
            else return ReadAny(text, out value);
        }

        if (text.IsEmpty || (uint)(text[^1] - '0') > 9) return ReasonCode.TypeMismatch;
        value = (double)sum / PowersOfTen.Long(Math.Max(0, text.Length - point - 1));
        if (text[0] == '-') value = 0 - value;
        return ReasonCode.None;
    }

    private static ReasonCode ReadAny(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        if (ExactNumber.Read(text, out _) == ReasonCode.TypeMismatch) return ReasonCode.TypeMismatch;
        const NumberStyles Styles = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (!double.TryParse(text, Styles, CultureInfo.InvariantCulture, out var parsed)) return ReasonCode.TypeMismatch;
        if (!double.IsFinite(parsed)) return ReasonCode.OutOfRange;
        value = parsed == 0 ? 0 : parsed;
        return ReasonCode.None;
    }
}
