using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;

namespace Ingest.Core.Normalizing;

/// <summary>
/// The text of a cell of one column: unescaped, put through the column's rules in their order, and compared with its null words.
/// A text that needs none of it is a slice of the chunk's buffer. What is returned is valid until the next call. Not thread-safe.
/// </summary>
internal sealed class CellText
{
    private readonly ImmutableArray<TextRule> _rules;
    private readonly byte[][] _nullWords;

    // Bit n: a null word has n bytes (bit 63: 63 or more).
    private readonly ulong _nullLengths;

    // No rule but trim and nfkc: a text whose first and last characters are visible ASCII or CJK (for nfkc: all of it ASCII) is already what it will be.
    private readonly bool _keepsPlainText;
    private readonly Nfkc? _nfkc;
    private readonly ScratchBytes _unescaped = new();

    // One a rule: a rule's input may lie in the scratch of any rule before it.
    private readonly ScratchBytes[] _scratch;

    public CellText(ColumnPlan column)
    {
        _rules = column.Rules;
        _scratch = [.. _rules.Select(_ => new ScratchBytes())];
        _keepsPlainText = _rules.All(r => r is TextRule.Trim or TextRule.Nfkc);
        _nfkc = _rules.Contains(TextRule.Nfkc) ? new Nfkc() : null;
        _nullWords = [.. column.NullWords.Select(Encoding.UTF8.GetBytes)];
        foreach (var word in _nullWords) _nullLengths |= 1UL << Math.Min(word.Length, 63);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public CellState Read(byte[] buffer, scoped in FieldRef field, out ReadOnlySpan<byte> text)
    {
        if (_keepsPlainText && field.Kind is FieldKind.Text or FieldKind.Number && field.Length is > 0 and < 64 && (_nullLengths >> field.Length & 1) == 0)
        {
            text = buffer.AsSpan(field.Start, field.Length);
            if (_nfkc is null ? BeginsVisibly(text) && EndsVisibly(text) : IsVisibleAscii(text[0]) && IsVisibleAscii(text[^1]) && Ascii.IsValid(text)) return CellState.Value;
        }

        return ReadSlowly(buffer, field, out text);
    }

    /// <summary>The rules and null words applied to a text that stands in the contract.</summary>
    public CellState ReadLiteral(string literal, out ReadOnlySpan<byte> text)
    {
        var bytes = Encoding.UTF8.GetBytes(literal);
        return Read(bytes, new FieldRef(0, bytes.Length, FieldKind.Text), out text);
    }

    private static bool IsVisibleAscii(byte c) => (uint)(c - 0x21) < 0x5F;

    /// <summary>U+4000 to U+DFFF in UTF-8, by the first of three bytes: all CJK and Hangul, and no white space.</summary>
    private static bool IsCjk(byte first) => (uint)(first - 0xE4) <= 0xED - 0xE4;

    private static bool BeginsVisibly(ReadOnlySpan<byte> text) => IsVisibleAscii(text[0]) || IsCjk(text[0]);

    private static bool EndsVisibly(ReadOnlySpan<byte> text) => IsVisibleAscii(text[^1]) || (text.Length >= 3 && text[^1] >= 0x80 && IsCjk(text[^3]));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private CellState ReadSlowly(byte[] buffer, scoped in FieldRef field, out ReadOnlySpan<byte> text)
    {
        text = default;
        switch (field.Kind)
        {
            case FieldKind.Absent or FieldKind.Null: return CellState.None;
            case FieldKind.Composite: return CellState.Composite;
            case FieldKind.True: text = "true"u8; break;
            case FieldKind.False: text = "false"u8; break;
            case FieldKind.Text or FieldKind.Number: text = buffer.AsSpan(field.Start, field.Length); break;
            default:
                _unescaped.Clear();
                if (!Unescaping.TryAppend(buffer.AsSpan(field.Start, field.Length), field.Kind, _unescaped)) return CellState.NotUnicode;
                text = _unescaped.Written;
                break;
        }

        for (var i = 0; i < _rules.Length; i++) text = Apply(_rules[i], text, _scratch[i]);
        return IsNullWord(text) ? CellState.None : CellState.Value;
    }

    private ReadOnlySpan<byte> Apply(TextRule rule, ReadOnlySpan<byte> text, ScratchBytes scratch) => rule switch
    {
        TextRule.Trim => WhiteSpace.Trim(text),
        TextRule.Nfkc => _nfkc!.Apply(text, scratch),
        TextRule.CollapseSpaces => WhiteSpace.Collapse(text, scratch),
        TextRule.Upper => LetterCase.Upper(text, scratch),
        TextRule.Lower => LetterCase.Lower(text, scratch),
        TextRule.Code => SpreadsheetText.Code(text, scratch),
        TextRule.Separators => SpreadsheetText.Ungroup(text, scratch),
        _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, "Unknown text rule."),
    };

    private bool IsNullWord(ReadOnlySpan<byte> text)
    {
        if ((_nullLengths >> Math.Min(text.Length, 63) & 1) == 0) return false;
        foreach (var word in _nullWords)
        {
            if (text.SequenceEqual(word)) return true;
        }

        return false;
    }
}
