using System.Text;
using CsCheck;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;

namespace Ingest.Tests.Normalizing;

public sealed class TextTests
{
    private static readonly Gen<string> s_text = Gen.OneOf(
        Gen.Char["  \t\n\u3000\u00A0\uFEFF\u2003aZz09.,'-+eE１２，．Ａｚ中文国〇。（）、“”·ﬁ㌀①é\u0301ßÅΩſİıçñ"],
        Gen.Char['\u0001', '\uD7FF']).Array[0, 24].Select(c => new string(c));

    [Theory]
    [InlineData("  京A12345 ", "京A12345")]
    [InlineData("\u3000\u00A0\uFEFF粤B\u3000", "粤B")]
    [InlineData("中\u3000国", "中\u3000国")]
    [InlineData("\u200B零宽", "\u200B零宽")]
    [InlineData("　", null)]
    [InlineData("a\0b", "a\0b")]
    public void Trim_takes_white_space_of_any_script_off_both_ends(string text, string? expected) => Check(text, expected, TextRule.Trim);

    [Theory]
    [InlineData("１２３ＡＢＣ", "123ABC")]
    [InlineData("京Ａ·１２３４５", "京A·12345")]
    [InlineData("（有限公司）", "(有限公司)")]
    [InlineData("全角\u3000空格", "全角 空格")]
    [InlineData("①㎡ﬁ", "1m2fi")]
    [InlineData("ｶﾞ", "ガ")]
    [InlineData("e\u0301", "é")]
    [InlineData("“引号”—、。【】", "“引号”—、。【】")]
    [InlineData("𠮷野家", "𠮷野家")]
    public void Nfkc_makes_full_width_half_width(string text, string expected) => Check(text, expected, TextRule.Nfkc);

    [Theory]
    [InlineData("a  b\t\u3000c", "a b c")]
    [InlineData("a\u3000b", "a b")]
    [InlineData(" 中 文", " 中 文")]
    public void Collapse_makes_one_space_of_a_run(string text, string expected) => Check(text, expected, TextRule.CollapseSpaces);

    [Theory]
    [InlineData("粤b12é", "粤B12É", TextRule.Upper)]
    [InlineData("iıß", "IIß", TextRule.Upper)]
    [InlineData("粤B12É", "粤b12é", TextRule.Lower)]
    [InlineData("abc", "ABC", TextRule.Upper)]
    [InlineData("I", "i", TextRule.Lower)]
    internal void Case_is_invariant(string text, string expected, TextRule rule)
    {
        // The runtime's invariant mapping leaves the dotless i alone; what counts is that no culture has a say.
        var wanted = text == "iıß" ? string.Concat(text.EnumerateRunes().Select(Rune.ToUpperInvariant)) : expected;
        Check(text, wanted, rule);
    }

    [Theory]
    [InlineData("610500.0", "610500")]
    [InlineData("610500.00", "610500")]
    [InlineData("6.105E5", "610500")]
    [InlineData("6.105e+05", "610500")]
    [InlineData("1E+11", "100000000000")]
    [InlineData("001234.0", "001234")]
    [InlineData("0012", "0012")]
    [InlineData("61 05 00", "610500")]
    [InlineData("61\u300005 00.0", "610500")]
    [InlineData("12E3", "12E3")]
    [InlineData("1E5", "1E5")]
    [InlineData("6.1055E3", "6105.5", false)]
    [InlineData("610500.5", "610500.5")]
    [InlineData("1.0.0", "1.0.0")]
    [InlineData("91440300MA5D", "91440300MA5D")]
    [InlineData("1.0E-2", "1.0E-2")]
    [InlineData("9.9E99", "9.9E99")]
    public void A_code_that_went_through_a_spreadsheet_is_a_code_again(string text, string expected, bool changes = true) => Check(text, changes ? expected : text, TextRule.Code);

    [Theory]
    [InlineData("1,234.50", "1234.50")]
    [InlineData("1 234.50", "1234.50")]
    [InlineData("1，234", "1234")]
    [InlineData("-12,345,678", "-12345678")]
    [InlineData("1\u00A0234\u00A0567", "1234567")]
    [InlineData("1,5", "1,5")]
    [InlineData("12,34", "12,34")]
    [InlineData("0,123", "0,123")]
    [InlineData("1,234 567", "1,234 567")]
    [InlineData("1,2345", "1,2345")]
    [InlineData("¥1,234", "¥1,234")]
    [InlineData("1,234%", "1,234%")]
    [InlineData("1,234.", "1,234.")]
    [InlineData("1234", "1234")]
    public void Thousands_separators_go_only_where_they_separate_thousands(string text, string expected) => Check(text, expected, TextRule.Separators);

    [Fact]
    public void Rules_work_in_their_order_and_null_words_after_them()
    {
        var column = One.Column(ColumnType.String, "v", TextRule.Nfkc, TextRule.Trim, TextRule.Upper) with { NullWords = ["", "-", "无", "NULL"] };
        Assert.Null(One.Read(column, "\u3000ｎｕｌｌ "));
        Assert.Null(One.Read(column, " － "));
        Assert.Null(One.Read(column, "无"));
        Assert.Equal("无名", One.Read(column, "无名"));
        Assert.Equal("", One.Read(column with { NullWords = [] }, "  "));
    }

    [Theory]
    [InlineData("""\u4e2d\u56fd""", "中国")]
    [InlineData("""\ud842\udfb7野""", "𠮷野")]
    [InlineData("""a\"b\\c\/d\b\f\n\r\te""", "a\"b\\c/d\b\f\n\r\te")]
    [InlineData("""\u0000""", "\0")]
    [InlineData("""\ud800""", "<not-utf8>")]
    [InlineData("""\udc00x""", "<not-utf8>")]
    [InlineData("""\ud800\u0041""", "<not-utf8>")]
    [InlineData("""\ud800\""", "<not-utf8>")]
    public void Json_escapes_are_undone(string raw, string expected) => Assert.Equal(expected, One.Read(One.Column(ColumnType.String), Cell.Escaped(raw)));

    [Fact]
    public void Doubled_quotes_of_csv_are_undone() =>
        Assert.Equal("他说\"好\",\"\"", One.Read(One.Column(ColumnType.String), Cell.Quoted("他说\"\"好\"\",\"\"\"\"")));

    [Fact]
    public void Numbers_and_booleans_are_taken_as_text_but_objects_are_not()
    {
        var column = One.Column(ColumnType.String);
        Assert.Equal("610500.0", One.Read(column, Cell.Number("610500.0")));
        Assert.Equal("true", One.Read(column, new Cell(Core.Decoding.FieldKind.True, "true")));
        Assert.Equal("<type-mismatch>", One.Read(column, Cell.Composite("[1]")));
        Assert.Null(One.Read(column, Cell.Null));
    }

    [Fact]
    public void Every_rule_is_idempotent()
    {
        foreach (var rule in Enum.GetValues<TextRule>())
        {
            var column = One.Column(ColumnType.String, "v", rule) with { NullWords = [] };
            s_text.Sample(text =>
            {
                var once = One.Read(column, text)!;
                Assert.Equal(once, One.Read(column, once));
            }, iter: 300);
        }
    }

    [Fact]
    public void The_fast_way_to_nfkc_agrees_with_the_framework()
    {
        var nfkc = new Nfkc();
        var scratch = new ScratchBytes();
        for (var c = 1; c <= char.MaxValue; c++)
        {
            if (c is >= 0xD800 and <= 0xDFFF or >= 0xFDD0 and <= 0xFDEF or >= 0xFFFE) continue;
            var text = $"a{(char)c}中{(char)c}\u3099";
            Assert.Equal($"{(char)c}中".Normalize(NormalizationForm.FormKC), Apply(nfkc, scratch, $"{(char)c}中"));
            Assert.Equal(text.Normalize(NormalizationForm.FormKC), Apply(nfkc, scratch, text));
        }

        s_text.Sample(text => Assert.Equal(text.Normalize(NormalizationForm.FormKC), Apply(nfkc, scratch, text)), iter: 2000, threads: 1);
    }

    [Fact]
    public void The_fast_way_to_upper_and_lower_case_agrees_with_the_framework()
    {
        var scratch = new ScratchBytes();
        for (var c = 1; c <= 0x1FFFF; c++)
        {
            if (!Rune.TryCreate(c, out var rune)) continue;
            foreach (var text in new[] { $"中{rune}", $"aZ{rune}é{rune}" })
            {
                var upper = string.Concat(text.EnumerateRunes().Select(Rune.ToUpperInvariant));
                var lower = string.Concat(text.EnumerateRunes().Select(Rune.ToLowerInvariant));
                Assert.Equal(upper, Encoding.UTF8.GetString(LetterCase.Upper(Encoding.UTF8.GetBytes(text), scratch)));
                Assert.Equal(lower, Encoding.UTF8.GetString(LetterCase.Lower(Encoding.UTF8.GetBytes(text), scratch)));
            }
        }
    }

    [Fact]
    public void Any_text_survives_json_escaping_and_back() => s_text.Sample(text =>
    {
        var escaped = new ScratchBytes();
        JsonText.Write(Encoding.UTF8.GetBytes(text), escaped);
        var raw = Encoding.UTF8.GetString(escaped.Written);
        Assert.Equal(text, System.Text.Json.JsonSerializer.Deserialize<string>(raw));
        var column = One.Column(ColumnType.String) with { Rules = [], NullWords = [] };
        Assert.Equal(text, One.Read(column, Cell.Escaped(raw[1..^1])));
    }, iter: 1000);

    private static string Apply(Nfkc nfkc, ScratchBytes scratch, string text) => Encoding.UTF8.GetString(nfkc.Apply(Encoding.UTF8.GetBytes(text), scratch));

    private static void Check(string text, string? expected, TextRule rule) => Assert.Equal(expected, One.Read(One.Column(ColumnType.String, "v", rule), text));
}
