using System.Text;

namespace Ingest.Core.Normalizing;

/// <summary>Invariant upper and lower case, character by character (simple mapping), so that no culture has a say.</summary>
internal static class LetterCase
{
    public static ReadOnlySpan<byte> Upper(ReadOnlySpan<byte> text, ScratchBytes scratch) => Apply(text, (byte)'a', upper: true, scratch);

    public static ReadOnlySpan<byte> Lower(ReadOnlySpan<byte> text, ScratchBytes scratch) => Apply(text, (byte)'A', upper: false, scratch);

    /// <param name="changing">First of the 26 ASCII letters that change; their other case differs in bit 5.</param>
    private static ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> text, byte changing, bool upper, ScratchBytes scratch)
    {
        var i = 0;
        while (i < text.Length && (uint)(text[i] - changing) >= 26 && (text[i] < 0x80 || IsCaseless(text[i]))) i += text[i] < 0x80 ? 1 : 3;
        if (i >= text.Length) return text;

        // A simple mapping can make a character one byte longer (U+023A to U+2C65), at most doubling the text.
        var room = scratch.Room(text.Length * 2);
        text[..i].CopyTo(room);
        var written = i;
        while (i < text.Length)
        {
            var c = text[i];
            if (c < 0x80)
            {
                room[written++] = (uint)(c - changing) < 26 ? (byte)(c ^ 0x20) : c;
                i++;
                continue;
            }

            Rune.DecodeFromUtf8(text[i..], out var rune, out var length);
            i += length;
            written += (upper ? Rune.ToUpperInvariant(rune) : Rune.ToLowerInvariant(rune)).EncodeToUtf8(room[written..]);
        }

        return room[..written];
    }

    /// <summary>Lead bytes of U+3000 to U+9FFF: CJK, three bytes each, nothing with case.</summary>
    private static bool IsCaseless(byte lead) => lead is >= 0xE3 and <= 0xE9;
}
