namespace Ingest.Core.Normalizing;

/// <summary>Undoes what spreadsheets do to codes and numbers.</summary>
internal static class SpreadsheetText
{
    private const int MaxDigits = 38;

    /// <summary>
    /// A code: <c>610500.0</c> becomes <c>610500</c>, <c>6.105E5</c> and <c>6.105E+05</c> become <c>610500</c>, white space goes. Only the
    /// exact shapes that a spreadsheet writes are touched: <c>12E3</c> may be a real code, so scientific notation counts only with one digit
    /// 1-9 before its point (or before <c>E+</c>), and only when the number is whole.
    /// </summary>
    public static ReadOnlySpan<byte> Code(ReadOnlySpan<byte> text, ScratchBytes scratch)
    {
        text = WhiteSpace.Remove(text, scratch);
        var digits = Digits(text);
        if (digits == 0 || digits == text.Length) return text;
        var rest = text[digits..];
        if (rest[0] == '.' && rest.Length > 1 && !rest[1..].ContainsAnyExcept((byte)'0')) return text[..digits];
        return digits == 1 && text[0] != '0' ? Expand(text, scratch) : text;
    }

    /// <summary>
    /// A number with thousands separators loses them: groups of three digits after a first group of one to three, one kind of separator
    /// (comma, full-width comma, white space, apostrophe), an optional fraction. Anything else stays: <c>1,5</c> is not 15.
    /// </summary>
    public static ReadOnlySpan<byte> Ungroup(ReadOnlySpan<byte> text, ScratchBytes scratch)
    {
        var sign = !text.IsEmpty && text[0] is (byte)'-' or (byte)'+' ? 1 : 0;
        var first = Digits(text[sign..]);
        var i = sign + first;
        if (first is 0 or > 3 || i == text.Length || text[sign] == '0') return text;
        var length = SeparatorLength(text[i..]);
        if (length == 0) return text;
        var separator = text.Slice(i, length);
        var room = scratch.Room(text.Length);
        text[..i].CopyTo(room);
        var written = i;
        while (text[i..].StartsWith(separator))
        {
            i += length;
            if (Digits(text[i..]) != 3) return text;
            text.Slice(i, 3).CopyTo(room[written..]);
            (i, written) = (i + 3, written + 3);
        }

        var tail = text[i..];
        if (!tail.IsEmpty && (tail[0] != '.' || tail.Length == 1 || Digits(tail[1..]) != tail.Length - 1)) return text;
        tail.CopyTo(room[written..]);
        return room[..(written + tail.Length)];
    }

    private static ReadOnlySpan<byte> Expand(ReadOnlySpan<byte> text, ScratchBytes scratch)
    {
        var fraction = text[1] == '.' ? Digits(text[2..]) : 0;
        if (text[1] == '.' && fraction == 0) return text;
        var rest = text[(fraction == 0 ? 1 : 2 + fraction)..];
        if (rest.Length < 2 || rest[0] is not ((byte)'E' or (byte)'e')) return text;
        var plus = rest[1] == '+';
        var power = rest[(plus ? 2 : 1)..];
        if ((fraction == 0 && !plus) || power.Length is 0 or > 3 || Digits(power) != power.Length) return text;
        var exponent = 0;
        foreach (var c in power) exponent = (exponent * 10) + c - '0';
        var significant = fraction;
        while (significant > 0 && text[1 + significant] == '0') significant--;
        if (exponent < significant || exponent >= MaxDigits) return text;

        // The text may lie in this very scratch, before Length; the expansion goes behind it.
        var start = text.Length;
        var room = scratch.Room(start + exponent + 1).Slice(start, exponent + 1);
        room.Fill((byte)'0');
        room[0] = text[0];
        text.Slice(2, Math.Min(significant, exponent)).CopyTo(room[1..]);
        return room;
    }

    private static int Digits(ReadOnlySpan<byte> text)
    {
        var n = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return n < 0 ? text.Length : n;
    }

    private static int SeparatorLength(ReadOnlySpan<byte> text) => text[0] switch
    {
        (byte)',' or (byte)'\'' => 1,
        0xEF when text.StartsWith("，"u8) => 3,
        _ => WhiteSpace.AtStart(text),
    };
}
