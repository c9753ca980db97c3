using System.Text;

namespace Ingest.Core.Normalizing;

/// <summary>
/// Unicode NFKC on UTF-8. What Chinese registers are made of (ASCII, CJK ideographs, their usual punctuation, full-width forms) is
/// normalized byte by byte; anything else goes through the framework, whole. Not thread-safe.
/// </summary>
internal sealed class Nfkc
{
    private char[] _source = new char[256];
    private char[] _normalized = new char[256];

    /// <exception cref="PlatformNotSupportedException">The process runs without ICU, where the framework leaves compatibility characters alone.</exception>
    public Nfkc()
    {
        // U+2460 is a circled 1: only a compatibility normalization turns it into "1".
        if ("\u2460".Normalize(NormalizationForm.FormKC) != "1")
            throw new PlatformNotSupportedException("The nfkc rule needs Unicode data (ICU): install libicu, and do not set InvariantGlobalization.");
    }

    /// <summary>The normalized text: the text itself when it already is.</summary>
    public ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> text, ScratchBytes scratch)
    {
        if (Ascii.IsValid(text)) return text;
        var mapped = false;
        for (var i = 0; i < text.Length;)
        {
            var kind = Classify(text[i..], out var length);
            if (kind == Kind.Other) return Slow(text, scratch);
            mapped |= kind == Kind.FullWidth;
            i += length;
        }

        return mapped ? Narrow(text, scratch) : text;
    }

    private enum Kind
    {
        /// <summary>Stays as it is, and composes with nothing of the first two kinds.</summary>
        Stable,

        /// <summary>A full-width form of an ASCII character, or the ideographic space.</summary>
        FullWidth,

        Other,
    }

    private static Kind Classify(ReadOnlySpan<byte> text, out int length)
    {
        var first = text[0];
        length = first < 0x80 ? 1 : 3;
        if (first < 0x80) return Kind.Stable;
        if (first == 0xC2)
        {
            length = 2; // U+00B7, the dot in names of minorities
            return text.Length > 1 && text[1] == 0xB7 ? Kind.Stable : Kind.Other;
        }

        if (text.Length < 3) return Kind.Other;
        var (second, third) = (text[1], text[2]);
        return first switch
        {
            >= 0xE4 and <= 0xE9 => Kind.Stable, // U+4000-9FFF: ideographs (and hexagrams)
            0xE2 => second == 0x80 && third is 0x93 or 0x94 or (>= 0x98 and <= 0x9D) ? Kind.Stable : Kind.Other, // dashes and quotes
            0xE3 when second >= 0x90 => Kind.Stable, // U+3400-3FFF: ideographs
            0xE3 when second == 0x80 => third switch
            {
                0x80 => Kind.FullWidth,
                (>= 0x81 and <= 0x83) or (>= 0x88 and <= 0x91) => Kind.Stable, // U+3001-3003, 3008-3011
                _ => Kind.Other,
            },
            0xEF => (second == 0xBC && third >= 0x81) || (second == 0xBD && third <= 0x9E) ? Kind.FullWidth : Kind.Other, // U+FF01-FF5E
            _ => Kind.Other,
        };
    }

    private static ReadOnlySpan<byte> Narrow(ReadOnlySpan<byte> text, ScratchBytes scratch)
    {
        var room = scratch.Room(text.Length);
        var written = 0;
        for (var i = 0; i < text.Length;)
        {
            var kind = Classify(text[i..], out var length);
            if (kind == Kind.FullWidth)
            {
                room[written++] = text[i] == 0xE3 ? (byte)' ' : (byte)((((text[i + 1] & 0x3F) << 6) | (text[i + 2] & 0x3F)) - 0xF00 + 0x20);
            }
            else
            {
                for (var k = 0; k < length; k++) room[written++] = text[i + k];
            }

            i += length;
        }

        return room[..written];
    }

    private ReadOnlySpan<byte> Slow(ReadOnlySpan<byte> text, ScratchBytes scratch)
    {
        if (_source.Length < text.Length) _source = new char[Math.Max(text.Length, _source.Length * 2)];
        var source = _source.AsSpan(0, Encoding.UTF8.GetChars(text, _source));
        int written;
        while (!source.TryNormalize(_normalized, out written, NormalizationForm.FormKC)) _normalized = new char[_normalized.Length * 2];
        var room = scratch.Room(Encoding.UTF8.GetMaxByteCount(written));
        return room[..Encoding.UTF8.GetBytes(_normalized.AsSpan(0, written), room)];
    }
}
