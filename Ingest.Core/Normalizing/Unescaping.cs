using System.Text;
using Ingest.Core.Decoding;

namespace Ingest.Core.Normalizing;

/// <summary>From a text as it stands in the transfer to the text it means: JSON escapes (RFC 8259) and doubled quotes of CSV (RFC 4180).</summary>
internal static class Unescaping
{
    /// <summary>Appends the meaning of a text field to <paramref name="into"/>. False: it holds half of a surrogate pair, so it is no Unicode text.</summary>
    public static bool TryAppend(ReadOnlySpan<byte> text, FieldKind kind, ScratchBytes into)
    {
        var room = into.Room(text.Length);
        int written;
        if (kind == FieldKind.EscapedText)
        {
            if (!TryUnescapeJson(text, room, out written)) return false;
        }
        else if (kind == FieldKind.QuotedText)
        {
            written = UnescapeCsv(text, room);
        }
        else
        {
            text.CopyTo(room);
            written = text.Length;
        }

        into.Length += written;
        return true;
    }

    /// <summary>The destination needs at most the length of the text: no escape is shorter than what it means.</summary>
    public static bool TryUnescapeJson(ReadOnlySpan<byte> text, Span<byte> into, out int written)
    {
        written = 0;
        while (true)
        {
            var slash = text.IndexOf((byte)'\\');
            var plain = slash < 0 ? text.Length : slash;
            text[..plain].CopyTo(into[written..]);
            written += plain;
            if (slash < 0) return true;
            text = text[slash..];
            if (text.Length < 2) return false;
            if (text[1] == 'u')
            {
                if (!TryReadRune(text, out var rune, out var length)) return false;
                written += rune.EncodeToUtf8(into[written..]);
                text = text[length..];
                continue;
            }

            var meant = Short(text[1]);
            if (meant == 0) return false;
            into[written++] = meant;
            text = text[2..];
        }
    }

    private static int UnescapeCsv(ReadOnlySpan<byte> text, Span<byte> into)
    {
        var written = 0;
        while (true)
        {
            var quote = text.IndexOf((byte)'"');
            if (quote < 0) break;
            text[..(quote + 1)].CopyTo(into[written..]);
            written += quote + 1;
            var doubled = quote + 1 < text.Length && text[quote + 1] == '"';
            text = text[(quote + (doubled ? 2 : 1))..];
        }

        text.CopyTo(into[written..]);
        return written + text.Length;
    }

    private static byte Short(byte letter) => letter switch
    {
        (byte)'"' => (byte)'"',
        (byte)'\\' => (byte)'\\',
        (byte)'/' => (byte)'/',
        (byte)'b' => (byte)'\b',
        (byte)'f' => (byte)'\f',
        (byte)'n' => (byte)'\n',
        (byte)'r' => (byte)'\r',
        (byte)'t' => (byte)'\t',
        _ => 0,
    };

    private static bool TryReadRune(ReadOnlySpan<byte> text, out Rune rune, out int length)
    {
        rune = default;
        length = 6;
        if (!TryReadUnit(text, out var unit)) return false;
        if (!char.IsSurrogate(unit)) return Rune.TryCreate(unit, out rune);
        length = 12;
        return text.Length >= 12 && text[6] == '\\' && text[7] == 'u' && TryReadUnit(text[6..], out var low) && Rune.TryCreate(unit, low, out rune);
    }

    private static bool TryReadUnit(ReadOnlySpan<byte> text, out char unit)
    {
        unit = '\0';
        if (text.Length < 6) return false;
        var value = 0;
        for (var i = 2; i < 6; i++)
        {
            var digit = HexDigit(text[i]);
            if (digit < 0) return false;
            value = (value << 4) | digit;
        }

        unit = (char)value;
        return true;
    }

    private static int HexDigit(byte c) => c switch
    {
        >= (byte)'0' and <= (byte)'9' => c - '0',
        >= (byte)'a' and <= (byte)'f' => c - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => c - 'A' + 10,
        _ => -1,
    };
}
