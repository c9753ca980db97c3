using System.Text;

namespace Ingest.Core.Normalizing;

/// <summary>Invariant upper and lower case, character by character (simple mapping), so that no culture has a say.</summary>
internal static class LetterCase
{
    public static ReadOnlySpan<byte> Upper(ReadOnlySpan<byte> text, ScratchBytes scratch)
    {
        if (Ascii.IsValid(text))
        {
            if (text.IndexOfAnyInRange((byte)'a', (byte)'z') < 0) return text;
            var room = scratch.Room(text.Length);
            Ascii.ToUpper(text, room, out var written);
            return room[..written];
        }

        return Map(text, scratch, upper: true);
    }

    public static ReadOnlySpan<byte> Lower(ReadOnlySpan<byte> text, ScratchBytes scratch)
    {
        if (Ascii.IsValid(text))
        {
            if (text.IndexOfAnyInRange((byte)'A', (byte)'Z') < 0) return text;
            var room = scratch.Room(text.Length);
            Ascii.ToLower(text, room, out var written);
            return room[..written];
        }

        return Map(text, scratch, upper: false);
    }

    private static ReadOnlySpan<byte> Map(ReadOnlySpan<byte> text, ScratchBytes scratch, bool upper)
    {
        // A simple mapping can make a character one byte longer (U+023A to U+2C65), at most doubling the text.
        var room = scratch.Room(text.Length * 2);
        var written = 0;
        while (!text.IsEmpty)
        {
            Rune.DecodeFromUtf8(text, out var rune, out var length);
            text = text[length..];
            written += (upper ? Rune.ToUpperInvariant(rune) : Rune.ToLowerInvariant(rune)).EncodeToUtf8(room[written..]);
        }

        return room[..written];
    }
}
