using System.Text;

namespace Ingest.Core.Decoding;

/// <summary>As much of a text as a sentence takes: what is told of a refused record, never the whole value.</summary>
internal static class Excerpt
{
    /// <summary>Longest excerpt, in UTF-16 characters.</summary>
    public const int LengthMax = 64;

    /// <summary>Stands in the place of what nobody is to read.</summary>
    public const string Protected = "*** (protected)";

    // The longest character of UTF-8.
    private const int CharacterBytesMax = 4;

    /// <summary>The beginning of a text in UTF-8. It may be huge: no more is decoded than is shown.</summary>
    public static string Of(ReadOnlySpan<byte> text) => Of(Encoding.UTF8.GetString(text[..Math.Min(text.Length, (LengthMax + 2) * CharacterBytesMax)]));

    /// <summary>The beginning of a text.</summary>
    public static string Of(string text)
    {
        if (text.Length <= LengthMax) return text;
        var length = char.IsHighSurrogate(text[LengthMax - 1]) ? LengthMax - 1 : LengthMax;
        return string.Concat(text.AsSpan(0, length), "…");
    }
}
