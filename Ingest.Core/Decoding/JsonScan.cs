using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Ingest.Core.Decoding;

/// <summary>
/// Steps over the tokens of a JSON text that is known to be UTF-8. Each step checks what it passes by the grammar of RFC 8259 and says no to whatever is not plainly
/// well formed or goes too deep; it never says yes to more than <see cref="System.Text.Json.Utf8JsonReader"/> accepts. The only place with vector code; what
/// remains before the end of the buffer, and machines without vectors, take the bytes one by one.
/// </summary>
internal static class JsonScan
{
    /// <summary>Deeper values are left to the framework's reader. Far below its own limit, so that this one is never the more generous.</summary>
    public const int DepthMax = 32;

    /// <summary>The byte at a place, or 0 (which no JSON text has outside of a string) behind the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Peek(byte[] buffer, int at, int end) => at < end ? buffer[at] : (byte)0;

    /// <summary>The next byte that is no white space, or 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte PeekToken(byte[] buffer, ref int at, int end)
    {
        var c = Peek(buffer, at, end);
        return c > ' ' ? c : SkipSpace(buffer, ref at, end);
    }

    /// <summary>Steps over a text, from behind its opening quote to behind its closing one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryText(byte[] buffer, ref int at, int end, out bool escaped)
    {
        escaped = false;
        while (true)
        {
            at = NextSpecial(buffer, at, end);
            if (at >= end) return false;
            var c = buffer[at++];
            if (c == '"') return true;
            if (c != '\\' || !TryEscape(buffer, ref at, end)) return false;
            escaped = true;
        }
    }

    public static bool TryNumber(byte[] buffer, ref int at, int end)
    {
        if (Peek(buffer, at, end) == '-') at++;
        var digits = Digits(buffer, ref at, end);
        if (digits == 0 || (digits > 1 && buffer[at - digits] == '0')) return false;
        var c = Peek(buffer, at, end);
        if (c == '.')
        {
            at++;
            if (Digits(buffer, ref at, end) == 0) return false;
            c = Peek(buffer, at, end);
        }

        if ((c | 0x20) != 'e') return true;
        at++;
        if (Peek(buffer, at, end) is (byte)'+' or (byte)'-') at++;
        return Digits(buffer, ref at, end) > 0;
    }

    public static bool TryWord(byte[] buffer, ref int at, int end, ReadOnlySpan<byte> word)
    {
        if (!buffer.AsSpan(at, end - at).StartsWith(word)) return false;
        at += word.Length;
        return true;
    }

    /// <summary>Steps over any value.</summary>
    public static bool TryValue(byte[] buffer, ref int at, int end, int depth)
    {
        switch (PeekToken(buffer, ref at, end))
        {
            case (byte)'"':
                at++;
                return TryText(buffer, ref at, end, out _);
            case (byte)'{' or (byte)'[': return TryComposite(buffer, ref at, end, depth + 1);
            case (byte)'t': return TryWord(buffer, ref at, end, "true"u8);
            case (byte)'f': return TryWord(buffer, ref at, end, "false"u8);
            case (byte)'n': return TryWord(buffer, ref at, end, "null"u8);
            default: return TryNumber(buffer, ref at, end);
        }
    }

    /// <summary>Steps over the name of a property and its colon, from the opening quote to the value's first byte.</summary>
    public static bool TryName(byte[] buffer, ref int at, int end, out bool escaped)
    {
        escaped = false;
        if (Peek(buffer, at, end) != '"') return false;
        at++;
        if (!TryText(buffer, ref at, end, out escaped) || PeekToken(buffer, ref at, end) != ':') return false;
        at++;
        PeekToken(buffer, ref at, end);
        return true;
    }

    /// <summary>Steps over an object or array, <paramref name="depth"/> levels deep with itself.</summary>
    private static bool TryComposite(byte[] buffer, ref int at, int end, int depth)
    {
        if (depth > DepthMax) return false;
        var isObject = buffer[at++] == '{';
        var close = isObject ? (byte)'}' : (byte)']';
        if (PeekToken(buffer, ref at, end) == close)
        {
            at++;
            return true;
        }

        while (true)
        {
            if (isObject && !TryName(buffer, ref at, end, out _)) return false;
            if (!TryValue(buffer, ref at, end, depth)) return false;
            var c = PeekToken(buffer, ref at, end);
            at++;
            if (c == close) return true;
            if (c != ',') return false;
            PeekToken(buffer, ref at, end);
        }
    }

    private static byte SkipSpace(byte[] buffer, ref int at, int end)
    {
        while (at < end && buffer[at] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r') at++;
        return Peek(buffer, at, end);
    }

    private static int Digits(byte[] buffer, ref int at, int end)
    {
        var first = at;
        while (at < end && (uint)(buffer[at] - '0') <= 9) at++;
        return at - first;
    }

    private static bool TryEscape(byte[] buffer, ref int at, int end)
    {
        var c = Peek(buffer, at, end);
        at++;
        if (c != 'u') return "\"\\/bfnrt"u8.Contains(c);
        for (var i = 0; i < 4; i++, at++)
        {
            if (!char.IsAsciiHexDigit((char)Peek(buffer, at, end))) return false;
        }

        return true;
    }

    /// <summary>The next quote, backslash or control character; anything at or behind the end when there is none before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int NextSpecial(byte[] buffer, int at, int end)
    {
        if (Vector128.IsHardwareAccelerated)
        {
            // The buffer usually goes on behind the text, so a whole vector can be read; what it finds there is behind the end.
            while (at <= buffer.Length - Vector128<byte>.Count && at < end)
            {
                var bytes = Vector128.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(buffer), (nuint)at);
                var special = Vector128.Equals(bytes, Vector128.Create((byte)'"')) | Vector128.Equals(bytes, Vector128.Create((byte)'\\'))
                    | Vector128.Equals(Vector128.Min(bytes, Vector128.Create((byte)0x1F)), bytes);
                if (special != Vector128<byte>.Zero) return at + BitOperations.TrailingZeroCount(special.ExtractMostSignificantBits());
                at += Vector128<byte>.Count;
            }
        }

        while (at < end && buffer[at] is not ((byte)'"' or (byte)'\\') && buffer[at] > 0x1F) at++;
        return at;
    }
}
