namespace Ingest.Core.Normalizing;

/// <summary>Fixed runs of ASCII digits at the front of a text.</summary>
internal static class DigitText
{
    /// <summary>Two digits; a negative number when they are not there.</summary>
    public static int Two(ReadOnlySpan<byte> text, int at)
    {
        if (text.Length - at < 2) return -1;
        uint high = (uint)(text[at] - '0'), low = (uint)(text[at + 1] - '0');
        return high > 9 || low > 9 ? -1 : (int)((high * 10) + low);
    }

    /// <summary>Four digits; a negative number when they are not there.</summary>
    public static int Four(ReadOnlySpan<byte> text, int at)
    {
        int high = Two(text, at), low = Two(text, at + 2);
        return (high | low) < 0 ? -1 : (high * 100) + low;
    }

    public static bool IsDigit(ReadOnlySpan<byte> text, int at) => (uint)at < (uint)text.Length && (uint)(text[at] - '0') <= 9;

    /// <summary>An offset from UTC at <paramref name="at"/>, moved behind it: <c>Z</c>, <c>+08:00</c>, <c>+0800</c> or <c>+08</c>; up to 14 hours.</summary>
    public static bool TryOffset(ReadOnlySpan<byte> text, ref int at, out int minutes)
    {
        minutes = 0;
        if (at >= text.Length) return false;
        var sign = text[at++];
        if (sign == 'Z') return true;
        if (sign is not ((byte)'+' or (byte)'-')) return false;
        var hours = Two(text, at);
        if (hours < 0) return false;
        at += 2;
        var rest = 0;
        if (at < text.Length && (text[at] == ':' || IsDigit(text, at)))
        {
            if (text[at] == ':') at++;
            rest = Two(text, at);
            at += 2;
        }

        minutes = (hours * 60) + rest;
        if (rest is < 0 or > 59 || minutes > 14 * 60) return false;
        if (sign == '-') minutes = -minutes;
        return true;
    }
}
