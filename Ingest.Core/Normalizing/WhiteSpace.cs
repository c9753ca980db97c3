namespace Ingest.Core.Normalizing;

/// <summary>
/// White space in UTF-8: Unicode's White_Space and the byte-order mark U+FEFF. Spelled out rather than asked of the runtime, because
/// it decides what a duplicate is and must not change with a Unicode version.
/// </summary>
internal static class WhiteSpace
{
    /// <summary>Bytes of the white-space character that <paramref name="text"/> starts with; 0 when it starts with none.</summary>
    public static int AtStart(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty) return 0;
        var first = text[0];
        if (first < 0x80) return IsAscii(first) ? 1 : 0;
        if (first == 0xC2) return text.Length > 1 && text[1] is 0x85 or 0xA0 ? 2 : 0;
        return text.Length > 2 && IsThree(first, text[1], text[2]) ? 3 : 0;
    }

    /// <summary>Bytes of the white-space character that <paramref name="text"/> ends with; 0 when it ends with none.</summary>
    public static int AtEnd(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty) return 0;
        var last = text[^1];
        if (last < 0x80) return IsAscii(last) ? 1 : 0;
        if (last is 0x85 or 0xA0 && text.Length > 1 && text[^2] == 0xC2) return 2;
        return text.Length > 2 && IsThree(text[^3], text[^2], last) ? 3 : 0;
    }

    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        for (int n; (n = AtStart(text)) != 0;) text = text[n..];
        for (int n; (n = AtEnd(text)) != 0;) text = text[..^n];
        return text;
    }

    /// <summary>Runs of white space become one space; the text itself when there is nothing to do.</summary>
    public static ReadOnlySpan<byte> Collapse(ReadOnlySpan<byte> text, ScratchBytes scratch)
    {
        if (IsCollapsed(text)) return text;
        var room = scratch.Room(text.Length);
        var written = 0;
        while (!text.IsEmpty)
        {
            var n = AtStart(text);
            if (n == 0)
            {
                room[written++] = text[0];
                text = text[1..];
                continue;
            }

            room[written++] = (byte)' ';
            for (; n != 0; n = AtStart(text)) text = text[n..];
        }

        return room[..written];
    }

    /// <summary>All white space goes; the text itself when there is none.</summary>
    public static ReadOnlySpan<byte> Remove(ReadOnlySpan<byte> text, ScratchBytes scratch)
    {
        var i = 0;
        while (i < text.Length && AtStart(text[i..]) == 0) i++;
        if (i == text.Length) return text;
        var room = scratch.Room(text.Length);
        var written = 0;
        while (!text.IsEmpty)
        {
            var n = AtStart(text);
            if (n == 0)
            {
                room[written++] = text[0];
                n = 1;
            }

            text = text[n..];
        }

        return room[..written];
    }

    // Bytes inside a multi-byte character never look like the start of a white space: continuation bytes are no lead bytes.
    private static bool IsCollapsed(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is > 0x20 and < 0x80) continue;
            if (AtStart(text[i..]) == 0) continue;
            if (c != ' ' || AtStart(text[(i + 1)..]) != 0) return false;
        }

        return true;
    }

    private static bool IsAscii(byte c) => c == ' ' || c is >= 0x09 and <= 0x0D;

    private static bool IsThree(byte first, byte second, byte third) => first switch
    {
        0xE1 => second == 0x9A && third == 0x80, // U+1680
        0xE2 => (second == 0x80 && (third is >= 0x80 and <= 0x8A or 0xA8 or 0xA9 or 0xAF)) // U+2000-200A, 2028, 2029, 202F
            || (second == 0x81 && third == 0x9F), // U+205F
        0xE3 => second == 0x80 && third == 0x80, // U+3000
        0xEF => second == 0xBB && third == 0xBF, // U+FEFF
        _ => false,
    };
}
