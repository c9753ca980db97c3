using System.Collections.Immutable;
using System.Text;
using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>Booleans by the contract's words, ignoring case. A JSON true or false is what it is, whatever the words.</summary>
internal readonly struct BooleanReader(ImmutableArray<string> trueWords, ImmutableArray<string> falseWords) : IValueReader<byte>
{
    private readonly byte[][] _true = [.. trueWords.Select(Encoding.UTF8.GetBytes)];
    private readonly byte[][] _false = [.. falseWords.Select(Encoding.UTF8.GetBytes)];

    public ReasonCode Read(ReadOnlySpan<byte> text, FieldKind kind, out byte value)
    {
        value = 0;
        if (kind == FieldKind.False) return ReasonCode.None;
        if (kind == FieldKind.True || Contains(_true, text))
        {
            value = 1;
            return ReasonCode.None;
        }

        return Contains(_false, text) ? ReasonCode.None : ReasonCode.TypeMismatch;
    }

    private static bool Contains(byte[][] words, ReadOnlySpan<byte> text)
    {
        foreach (var word in words)
        {
            if (text.SequenceEqual(word) || Ascii.EqualsIgnoreCase(text, word)) return true;
        }

        return !Ascii.IsValid(text) && ContainsRunes(words, text);
    }

    private static bool ContainsRunes(byte[][] words, ReadOnlySpan<byte> text)
    {
        foreach (var word in words)
        {
            if (EqualsRunes(word, text)) return true;
        }

        return false;
    }

    private static bool EqualsRunes(ReadOnlySpan<byte> word, ReadOnlySpan<byte> text)
    {
        while (!word.IsEmpty && !text.IsEmpty)
        {
            Rune.DecodeFromUtf8(word, out var a, out var wordLength);
            Rune.DecodeFromUtf8(text, out var b, out var textLength);
            if (Rune.ToUpperInvariant(a) != Rune.ToUpperInvariant(b)) return false;
            word = word[wordLength..];
            text = text[textLength..];
        }

        return word.IsEmpty && text.IsEmpty;
    }
}
