using System.Buffers;
using System.Text;

namespace Ingest.Core.Decoding;

/// <summary>What bytes that are not UTF-8 seem to be, for whoever reads the quarantine. Asked of each refused record, and a transfer may consist of millions: it throws nothing and keeps nothing.</summary>
internal static class WrongEncoding
{
    // Enough to tell by.
    private const int BytesMax = 4096;

    // What it puts in the place of bytes that are no character.
    private const char NoCharacter = '\uFFFD';

    // The longest character, less a byte: what may be left of it where the bytes were cut.
    private const int CutMax = 3;

    private static readonly Encoding s_chinese = CodePagesEncodingProvider.Instance.GetEncoding("gb18030", EncoderFallback.ReplacementFallback, new DecoderReplacementFallback($"{NoCharacter}"))!;

    private static readonly (string Name, byte[] Begin)[] s_compressions =
        [("gzip", [0x1F, 0x8B]), ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]), ("zstd", [0x28, 0xB5, 0x2F, 0xFD]), ("zip", [0x50, 0x4B, 0x03, 0x04])];

    private static ReadOnlySpan<byte> LittleEndianMark => [0xFF, 0xFE];

    private static ReadOnlySpan<byte> BigEndianMark => [0xFE, 0xFF];

    /// <summary>A sentence; null when nothing can be told.</summary>
    public static string? Guess(ReadOnlySpan<byte> bytes)
    {
        foreach (var (name, begin) in s_compressions)
        {
            if (bytes.StartsWith(begin)) return $"It looks compressed ({name}): send it as it was before.";
        }

        if (bytes.StartsWith(LittleEndianMark) || bytes.StartsWith(BigEndianMark)) return "It begins like UTF-16: convert it, as with iconv -f utf-16 -t utf-8.";
        return IsChinese(bytes) ? "It reads as GB18030 (GBK): convert it, as with iconv -f gb18030 -t utf-8." : null;
    }

    /// <summary>Valid from the first byte to the last, or to where it is cut, with an ideograph in it.</summary>
    private static bool IsChinese(ReadOnlySpan<byte> bytes)
    {
        var begin = bytes[..Math.Min(bytes.Length, BytesMax)];
        var text = ArrayPool<char>.Shared.Rent(s_chinese.GetMaxCharCount(begin.Length));
        try
        {
            var found = text.AsSpan(0, s_chinese.GetChars(begin, text));
            var broken = found.IndexOf(NoCharacter);
            var isWhole = broken < 0 || (begin.Length < bytes.Length && broken >= found.Length - CutMax);
            return isWhole && found.IndexOfAnyInRange('\u4E00', '\u9FFF') >= 0;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(text);
        }
    }
}
