using CsCheck;
using Ingest.Core.Contracts;
using Ingest.Core.Transfers;
using Ingest.Tests.Contracts;

namespace Ingest.Tests.Decoding;

public sealed class CsvDecodingTests
{
    private static readonly string[] s_cells = ["plain", "", "沪A12345", "a,b", "say \"hi\"", "\"", "two\nlines", "cr\r\nlf", " spaced ", "😀", "a;b", "\t"];

    private static readonly Gen<string> s_cell = Gen.Int[0, s_cells.Length - 1].Select(i => s_cells[i]);

    private static readonly TopicPlan s_topic = Yaml.Topic(Yaml.Cars("format: csv", "name: a, type: string", "name: b, type: string, source: [b, 乙]"));

    [Fact]
    public void Rows_are_those_that_were_written() => Gen.Select(s_cell.Array[3].List[0, 8], Gen.Bool, Gen.Bool, Gen.Bool).Sample((rows, crlf, quotesAll, endsLine) =>
    {
        var end = crlf ? "\r\n" : "\n";
        var text = "a,乙,\"odd \"\"name\"\"\"" + string.Concat(rows.Select(r => end + string.Join(',', r.Select(c => Quote(c, quotesAll))))) + (endsLine ? end : "");
        var found = Decoded.Of(s_topic, text);
        Assert.Empty(found.Rejections);
        Assert.Equal(rows.Select(r => $"0 a=\"{r[0]} b=\"{r[1]} | odd \"name\"=\"{r[2]}"), found.Records.Select(r => r.ToString()));
        Assert.Equal(Enumerable.Range(0, rows.Count), found.Records.Select(r => r.Position));
    }, iter: 500);

    [Theory]
    [InlineData("a,b\n1\n3,4", "1 fields where the header has 2")]
    [InlineData("a,b\n1,2,9\n3,4", "3 fields where the header has 2")]
    [InlineData("a,b\n\"1\"x,2\n3,4", "text behind a closing quote")]
    public void A_row_that_does_not_fit_the_header_is_refused_alone(string text, string detail)
    {
        var found = Decoded.Of(s_topic, text);
        Assert.Equal("0 a=\"3 b=\"4 | ", Assert.Single(found.Records).ToString());
        var refused = Assert.Single(found.Rejections);
        Assert.Equal((ReasonCode.CsvMalformed, 0, 0, detail), (refused.Reason, refused.Position, refused.Dataset, refused.Detail));
    }

    [Fact]
    public void Text_behind_a_closing_quote_does_not_become_a_field()
    {
        var found = Decoded.Of(s_topic, "a,b\n\"1\"2\n3,4");
        Assert.Equal("0 a=\"3 b=\"4 | ", Assert.Single(found.Records).ToString());
        Assert.Equal(ReasonCode.CsvMalformed, Assert.Single(found.Rejections).Reason);
        Assert.Equal(ReasonCode.CsvMalformed, Decoded.Of(s_topic, "\"a\"b\n1,2").OnlyReason());
    }

    [Theory]
    [InlineData("\uFEFF\r\na\"\",b\n1,2", "a\"\",b")]
    [InlineData("\"a\nx\",b\r1,2", "\"a\nx\",b")]
    [InlineData("\"a\"\"\n\",b", "\"a\"\"\n\",b")]
    public void A_header_ends_where_the_decoder_ends_it(string transfer, string header) =>
        Assert.Equal(header, System.Text.Encoding.UTF8.GetString(Core.Decoding.CsvHeader.Of(System.Text.Encoding.UTF8.GetBytes(transfer), ',')));

    [Fact]
    public void A_quote_that_is_not_closed_refuses_the_rest()
    {
        var found = Decoded.Of(s_topic, "a,b\n1,2\n3,\"4\n5,6\n");
        Assert.Equal("0 a=\"1 b=\"2 | ", Assert.Single(found.Records).ToString());
        var refused = Assert.Single(found.Rejections);
        Assert.Equal((ReasonCode.CsvMalformed, 1, 8, 9), (refused.Reason, refused.Position, refused.Start, refused.Length));
    }

    [Theory]
    [InlineData("a,a\n1,2")]
    [InlineData("a, a \n1,2")]
    [InlineData("a,\"b\n1,2")]
    public void A_header_that_is_ambiguous_or_broken_refuses_the_transfer(string text) => Assert.Equal(ReasonCode.CsvMalformed, Decoded.Of(s_topic, text).OnlyReason());

    [Theory]
    [InlineData("浙江,杭州,1,2\n", "the header has no column of the contract ('浙江', '杭州', '1', …): is it missing, or the delimiter not ','?")]
    [InlineData("{\"a\":1}", "the header has no column of the contract ('{\"a\":1}'): is it missing, or the delimiter not ','?")]
    [InlineData("a;b\n1;2\n3;4", "the header has no column of the contract ('a;b'): is it missing, or the delimiter not ','?")]
    [InlineData("1,1\n3,4", "column '1' stands twice in the header")]
    public void A_transfer_without_header_is_refused_whole_and_says_so(string text, string detail)
    {
        // After a good one, and twice: what is remembered of a header must not let the next one pass.
        var found = Decoded.Of(s_topic, "a,b\n1,2", text, text);
        Assert.Equal("0 a=\"1 b=\"2 | ", Assert.Single(found.Records).ToString());
        Assert.Equal([(1, -1, ReasonCode.CsvMalformed, detail), (2, -1, ReasonCode.CsvMalformed, detail)], found.Rejections.Select(r => (r.Transfer, r.Position, r.Reason, r.Detail)));
    }

    [Fact]
    public void What_is_not_utf8_says_what_it_seems_to_be()
    {
        var chinese = System.Text.CodePagesEncodingProvider.Instance.GetEncoding("gb18030")!;
        var found = Decoded.Of(s_topic, [chinese.GetBytes("a,乙\n1,2"), chinese.GetBytes("a,b\n杭州,2"), [0x1F, 0x8B, 8, 0, 0xFF], [(byte)'a', (byte)',', 0xFF, 0xFE, 0xFF]]);
        Assert.Equal(
            [
                (-1, "It reads as GB18030 (GBK): convert it, as with iconv -f gb18030 -t utf-8."),
                (0, "It reads as GB18030 (GBK): convert it, as with iconv -f gb18030 -t utf-8."),
                (-1, "It looks compressed (gzip): send it as it was before."),
                (-1, "the header is not UTF-8"),
            ],
            found.Rejections.Select(r => (r.Position, r.Detail)));
        Assert.All(found.Rejections, r => Assert.Equal(ReasonCode.NotUtf8, r.Reason));
    }

    [Theory]
    [InlineData("330106199001011234,1", "the header has no column of the contract (*** (protected), *** (protected)): is it missing, or the delimiter not ','?")]
    [InlineData("330106199001011234,330106199001011234", "column *** (protected) stands twice in the header")]
    public void Data_in_the_place_of_a_header_is_not_shown_where_a_column_is_protected(string text, string detail)
    {
        var topic = Yaml.Topic(Yaml.Cars("format: csv", "name: a, type: string, protected: true", "name: b, type: string"));
        Assert.Equal(detail, Assert.Single(Decoded.Of(topic, text).Rejections).Detail);
    }

    /// <summary>A transfer may consist of millions of such rows: an exception for each would take minutes.</summary>
    [Fact]
    public void Rows_that_are_not_utf8_throw_nothing()
    {
        var thrown = 0;
        var me = Environment.CurrentManagedThreadId;
        void Count(object? sender, System.Runtime.ExceptionServices.FirstChanceExceptionEventArgs e) => thrown += Environment.CurrentManagedThreadId == me ? 1 : 0;
        byte[] rows = [.. "a,b\n"u8, .. Enumerable.Repeat<byte[]>([0xFF, (byte)',', 0xC4, (byte)'\n'], 1000).SelectMany(r => r)];
        AppDomain.CurrentDomain.FirstChanceException += Count;
        var found = Decoded.Of(s_topic, [rows]);
        AppDomain.CurrentDomain.FirstChanceException -= Count;
        Assert.Equal(1000, found.Rejections.Count);
        Assert.Equal(0, thrown);
    }

    [Fact]
    public void A_long_text_that_is_cut_in_the_middle_of_a_character_is_still_recognized()
    {
        var chinese = System.Text.CodePagesEncodingProvider.Instance.GetEncoding("gb18030")!;
        for (var shift = 0; shift < 4; shift++)
        {
            var found = Decoded.Of(s_topic, [[.. chinese.GetBytes($"a,b\n{new string('x', shift)}{string.Concat(Enumerable.Repeat("杭州\u3400", 2000))},2")]]);
            Assert.StartsWith("It reads as GB18030", Assert.Single(found.Rejections).Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Each_transfer_has_its_own_header()
    {
        var found = Decoded.Of(s_topic, "a,b\n1,2", "b,a\n2,1", "x,b,a\n0,2,1", "a\n1", "b,乙,a\n2,old,1", "a,b\n1,2", "a,b");
        Assert.Empty(found.Rejections);
        Assert.Equal(["0 a=\"1 b=\"2 | ", "0 a=\"1 b=\"2 | ", "0 a=\"1 b=\"2 | x=\"0", "0 a=\"1 | ", "0 a=\"1 b=\"2 | 乙=\"old", "0 a=\"1 b=\"2 | "], found.Records.Select(r => r.ToString()));
    }

    [Fact]
    public void Another_delimiter_leaves_commas_alone()
    {
        var found = Decoded.Of(s_topic with { Delimiter = '\t' }, "a\tb\n1,5\t\"x\ty\"\n");
        Assert.Equal("0 a=\"1,5 b=\"x\ty | ", Assert.Single(found.Records).ToString());
    }

    [Fact]
    public void Datasets_are_selected_and_claims_checked_by_header()
    {
        var topic = Yaml.Topic(
            Yaml.Cars("format: csv\nselect: { field: kind, equals: car }", "name: a, type: string").Replace("department: police", "department: police\n    claim: { field: dept, equals: P }", StringComparison.Ordinal),
            Yaml.Cars("format: csv\nselect: { field: kind, equals: ship }", "name: a, type: string").Replace("department: police", "department: police\n    claim: { field: dept, equals: P }", StringComparison.Ordinal).Replace("dataset: cars", "dataset: ships", StringComparison.Ordinal));
        var found = Decoded.Of(topic, "kind,a,dept\ncar,1,P\nship,2,\"P\"\nplane,3,P\ncar,4,Q\nship,5", "a,kind\n1,car");
        Assert.Equal(["0 a=\"1 | ", "1 a=\"2 | "], found.Records.Select(r => r.ToString()));
        Assert.Equal(
            [(2, ReasonCode.UnknownDataset, -1), (3, ReasonCode.DepartmentMismatch, 0), (4, ReasonCode.CsvMalformed, -1), (0, ReasonCode.DepartmentMismatch, 0)],
            found.Rejections.Select(r => (r.Position, r.Reason, r.Dataset)));
    }

    private static string Quote(string cell, bool always) =>
        always || cell.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;
}
