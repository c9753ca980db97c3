using System.Text;
using System.Text.Json;
using CsCheck;
using Ingest.Worker.Publishing;

namespace Ingest.Tests.Publishing;

/// <summary>Cutting a file into transfers loses no record, doubles none, and changes no byte of one.</summary>
public sealed class RecordSplitterTests : IDisposable
{
    private static readonly Gen<string> s_cell = Gen.OneOf(Gen.String["ab,\"\r\n 中é"], Gen.Const(""), Gen.Const("\""), Gen.Const("a\r\nb"));

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

    private static void AssertSizes(List<(string Text, int Records)> transfers, int records, int size)
    {
        Assert.Equal(records, transfers.Sum(t => t.Records));
        Assert.Equal((records + size - 1) / size, transfers.Count);
        Assert.All(transfers, t => Assert.InRange(t.Records, 1, size));
    }

    private List<(string Text, int Records)> Split(string text, FileFormat format, int size)
    {
        var file = Path.Combine(_folder, $"{Environment.CurrentManagedThreadId}.txt");
        File.WriteAllBytes(file, Encoding.UTF8.GetBytes(text));
        return [.. RecordSplitter.Split(file, format, size).Select(t => (Encoding.UTF8.GetString(t.Payload), t.Records))];
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
