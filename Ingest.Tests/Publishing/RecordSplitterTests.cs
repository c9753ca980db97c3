using System.Text;
using System.Text.Json;
using CsCheck;
using Ingest.Core.Contracts;
using Ingest.Tests.Contracts;
using Ingest.Tests.Decoding;
using Ingest.Worker.Publishing;

namespace Ingest.Tests.Publishing;

/// <summary>Cutting a file into transfers loses no record, doubles none, and changes no byte of one.</summary>
public sealed class RecordSplitterTests : IDisposable
{
    private static readonly Gen<string> s_cell = Gen.OneOf(Gen.String["ab,\"\r\n 中é"], Gen.Const(""), Gen.Const("\""), Gen.Const("a\r\nb"));

    private static readonly TopicPlan s_commas = Yaml.Topic(Yaml.Cars("format: csv", "name: a, type: string"));

    private static readonly TopicPlan s_semicolons = Yaml.Topic(Yaml.Cars("format: csv\ncsv: { delimiter: \";\" }", "name: a, type: string"));

    private readonly string _folder = Directory.CreateTempSubdirectory("ingest-split-").FullName;

    [Fact]
    public void Csv_rows_come_out_whole_and_each_transfer_has_the_header() =>
        Gen.Select(s_cell.Array[3].List[0, 30], Gen.Int[1, 7], Gen.Bool, Gen.Bool, Gen.Bool).Sample((rows, size, bom, crlf, ends) =>
        {
            var end = crlf ? "\r\n" : "\n";
            var lines = rows.Select(r => string.Join(',', r.Select(c => $"\"{c.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")) + end).ToArray();
            var header = $"a,b,\"c{end}d\"{end}";
            var text = header + string.Concat(lines);
            var transfers = Split((bom ? "\uFEFF" : "") + (ends || rows.Count == 0 ? text : text[..^end.Length]), FileFormat.Csv, size);
            Assert.All(transfers, t => Assert.StartsWith(header, t.Text, StringComparison.Ordinal));
            if (!ends && rows.Count > 0) lines[^1] = lines[^1][..^end.Length] + "\n";
            Assert.Equal(lines, transfers.SelectMany(t => Rows(t.Text[header.Length..])));
            AssertSizes(transfers, rows.Count, size);
        }, iter: 300);

    [Fact]
    public void Csv_rows_are_those_that_the_worker_reads() =>
        Gen.Select(OneOf("a", "5", " ", ";", "\"", "\"", "\"\"", "\"x\"", "\n", "\r", "\r\n", "中").List[0, 60], OneOf("\n", "\r", "\r\n", "\n\r\n"), Gen.Int[1, 4], Gen.Bool).Sample((parts, end, size, bom) =>
        {
            var file = $"{(bom ? "\uFEFF" : "")}{end}a;\"b{end}\"{end}{string.Concat(parts)}";
            Assert.Equal(DecodedRows(file), Split(file, FileFormat.Csv, size).SelectMany(t => DecodedRows(t.Text)));
        }, iter: 1000);

    [Theory]
    [InlineData("a,b\n5\" pipe,1\n7\" pipe,2\n", 2)]
    [InlineData("a,b\r1,2\r3,4", 2)]
    [InlineData("a\t\"b,\"\n1\t\"2\n3\"\n", 1)]
    [InlineData("\"a,b,c\";b\n1;\"2\n3\"\n", 1)]
    public void A_quote_inside_of_a_cell_and_a_line_end_of_any_kind_are_what_they_are(string text, int rows) =>
        Assert.Equal(rows, Split(text, FileFormat.Csv, 1).Sum(t => t.Records));

    [Fact]
    public void A_delimiter_that_the_header_does_not_tell_can_be_given() =>
        Assert.Equal(["a^b\n1^\"2\n3\"\n"], Split("a^b\n1^\"2\n3\"\n", FileFormat.Csv, 1, '^').Select(t => t.Text));

    [Fact]
    public void Rows_across_the_portions_that_a_file_is_read_in_stay_whole()
    {
        foreach (var shift in Enumerable.Range(0, 6))
        {
            var file = $"a,b\n1,\"{new string('x', (1 << 20) - 11 + shift)}\"\r\n2,3\r\n";
            Assert.Equal(DecodedRows(file), Split(file, FileFormat.Csv, 1).SelectMany(t => DecodedRows(t.Text)));
        }
    }

    [Fact]
    public void A_quote_that_is_never_closed_ends_it_once_the_row_is_larger_than_any_transfer()
    {
        var file = Path.Combine(_folder, "endless.csv");
        using (var text = File.CreateText(file))
        {
            text.Write("a,b\n1,2\n3,\"");
            for (var i = 0; i < 34; i++) text.Write(new string('\n', 1 << 20));
        }

        using var transfers = RecordSplitter.Split(file, FileFormat.Csv, 1).GetEnumerator();
        Assert.True(transfers.MoveNext());
        Assert.Contains("Row 3, at byte 8, is larger than 32 MiB", Assert.Throws<InvalidDataException>(() => transfers.MoveNext()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_transfer_ends_early_where_its_records_are_large()
    {
        var row = $"{new string('x', 6 << 20)},1\n";
        Assert.Equal([2, 1], Split($"a,b\n{row}{row}{row}", FileFormat.Csv, 200).Select(t => t.Records));
    }

    [Fact]
    public void Lines_of_ndjson_come_out_as_they_were() => Gen.Select(Gen.Int.List[0, 30], Gen.Int[1, 7], Gen.Bool).Sample((numbers, size, blanks) =>
    {
        var lines = numbers.Select(n => $"{{\"n\": {n}}}\n").ToArray();
        var transfers = Split(string.Join(blanks ? "\r\n\n" : "", lines), FileFormat.Ndjson, size);
        Assert.Equal(string.Concat(lines), string.Concat(transfers.Select(t => t.Text)));
        AssertSizes(transfers, numbers.Count, size);
    }, iter: 300);

    [Fact]
    public void Elements_of_a_json_array_come_out_as_they_were() => Gen.Select(Gen.Int.List[0, 30], Gen.Int[1, 7], Gen.Bool).Sample((numbers, size, bom) =>
    {
        var elements = numbers.Select(n => $"{{\"n\" :  {n}.50, \"t\": \"\\u4e2d,]\"}}").ToArray();
        var transfers = Split((bom ? "\uFEFF" : "") + $"[ {string.Join(" , ", elements)} ]", FileFormat.Json, size);
        Assert.Equal(elements, transfers.SelectMany(t => JsonDocument.Parse(t.Text).RootElement.EnumerateArray().Select(e => e.GetRawText())));
        AssertSizes(transfers, numbers.Count, size);
    }, iter: 300);

    [Fact]
    public void One_json_object_is_one_transfer() => Assert.Equal([("{\"data\": [1, 2]}", 1)], Split("{\"data\": [1, 2]}\n", FileFormat.Json, 1));

    [Fact]
    public void What_is_no_json_is_said_to_be_none() => Assert.Contains("not JSON", Assert.Throws<InvalidDataException>(() => Split("{\"a\":", FileFormat.Json, 1)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("a,b,c\n")]
    [InlineData("\uFEFF")]
    public void A_file_without_rows_is_no_transfer(string text) => Assert.Empty(Split(text, FileFormat.Csv, 1));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static void AssertSizes(List<(string Text, int Records)> transfers, int records, int size)
    {
        Assert.Equal(records, transfers.Sum(t => t.Records));
        Assert.Equal((records + size - 1) / size, transfers.Count);
        Assert.All(transfers, t => Assert.InRange(t.Records, 1, size));
    }

    private List<(string Text, int Records)> Split(string text, FileFormat format, int size, char? delimiter = null)
    {
        var file = Path.Combine(_folder, $"{Environment.CurrentManagedThreadId}.txt");
        File.WriteAllBytes(file, Encoding.UTF8.GetBytes(text));
        return [.. RecordSplitter.Split(file, format, size, delimiter).Select(t => (Encoding.UTF8.GetString(t.Payload), t.Records))];
    }

    /// <summary>Bytes of the rows that the worker tells apart, whether it takes or refuses them, without line ends.</summary>
    private static IEnumerable<string> DecodedRows(string transfer)
    {
        var topic = transfer.TrimStart('\uFEFF', '\r', '\n').StartsWith("a;", StringComparison.Ordinal) ? s_semicolons : s_commas;
        var bytes = Encoding.UTF8.GetBytes(transfer);
        var found = Decoded.Of(topic, [bytes]);
        return found.Records.Select(r => (r.Position, r.Raw)).Concat(found.Rejections.Select(r => (r.Position, Raw: Encoding.UTF8.GetString(bytes, r.Start, r.Length))))
            .OrderBy(r => r.Position).Select(r => r.Raw.TrimEnd('\r', '\n'));
    }

    /// <summary>Rows of a text whose cells are all quoted: a row ends at a line end outside quotes.</summary>
    private static IEnumerable<string> Rows(string text)
    {
        var (start, quoted) = (0, false);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"') quoted = !quoted;
            if (text[i] != '\n' || quoted) continue;
            yield return text[start..(i + 1)];
            start = i + 1;
        }

        Assert.Equal(text.Length, start);
    }
}
