using System.Text;

namespace Ingest.Core.Decoding;

/// <summary>What bytes that are not UTF-8 seem to be, for whoever reads the quarantine.</summary>
internal static class WrongEncoding
{
    // Enough to tell by.
    private const int BytesMax = 4096;

    private static readonly Encoding s_chinese = CodePagesEncodingProvider.Instance.GetEncoding("gb18030", EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)!;

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
        return IsChinese(bytes[..Math.Min(bytes.Length, BytesMax)]) ? "It reads as GB18030 (GBK): convert it, as with iconv -f gb18030 -t utf-8." : null;
    }

    /// <summary>Valid from the first byte to the last, which may be cut in the middle of a character, with an ideograph in it.</summary>
    private static bool IsChinese(ReadOnlySpan<byte> bytes)
    {
        var text = new char[s_chinese.GetMaxCharCount(bytes.Length)];
        try
        {
            var length = s_chinese.GetDecoder().GetChars(bytes, text, flush: false);
            return text.AsSpan(0, length).IndexOfAnyInRange('\u4E00', '\u9FFF') >= 0;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
