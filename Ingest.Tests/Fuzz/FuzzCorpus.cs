using System.Text;

namespace Ingest.Fuzz;

/// <summary>What the fuzzer starts from: contracts with every kind of column, transfers that fit them, and bits that tend to break readers.</summary>
internal static class FuzzCorpus
{
    private const string Columns =
        """
          - { name: id, type: string, required: true, normalize: [trim, nfkc, collapse_spaces, upper] }
          - { name: kind, type: string, normalize: [trim] }
          - { name: count, type: int }
          - { name: total, type: long, on_mismatch: rescue }
          - { name: ratio, type: double, normalize: [trim, separators] }
          - { name: price, type: "decimal(12,2)" }
          - { name: wide, type: "decimal(38,10)", on_mismatch: rescue }
          - { name: open, type: boolean }
          - { name: day, type: date, on_mismatch: rescue }
          - { name: at, type: timestamp, formats: ["yyyy-MM-dd HH:mm:ss", iso, epoch_ms] }
          - { name: nested, type: string, source: [/a/b, c] }
        """;

    private static readonly string[] s_formats = ["json", "ndjson", "csv"];
    private static readonly string[] s_zones = ["Asia/Shanghai", "America/New_York", "Europe/London", "Pacific/Apia", "Australia/Lord_Howe", "Africa/Monrovia"];

    /// <summary>One contract a format and zone; each has a topic of its own.</summary>
    public static IEnumerable<string> Contracts =>
        from format in s_formats
        from zone in s_zones
        let topic = $"{format}.{zone.Replace('/', '-')}"
        select $"""
        dataset: {topic.Replace('.', '-').ToLowerInvariant()}
        topics: [{"{"} topic: {topic}, department: d, claim: {"{"} field: who, equals: d {"}"} {"}"}]
        format: {format}
        {(format == "json" ? "records: /rows\n" : "")}time_zone: {zone}
        event_date: at
        partition: [department, kind, event_date]
        columns:
        {(format == "csv" ? Columns.Replace("[/a/b, c]", "c", StringComparison.Ordinal) : Columns)}
        """;

    /// <summary>Transfers that fit; the first of each format is the neighbour that must come out unharmed.</summary>
    public static byte[][] Transfers(string format) => format switch
    {
        "json" => Bytes(
            """{"rows":[{"id":"a1","who":"d","kind":"x","count":1,"total":2,"ratio":1.5,"price":"3.25","wide":12.5,"open":true,"day":"2026-03-02","at":"2026-03-02 10:00:00","a":{"b":"n"},"extra":[1,{"y":"沪\ud83d\ude00"}]},{"id":"a2","who":"d","at":1767268800000}]}""",
            """{"other":{"deep":[[[[1]]]]},"rows":{"id":"\u0041\n","who":"d","kind":"北京","at":"2026-03-29T02:30:00","count":"１２","c":"x"}}""",
            """{"rows":[]}""",
            """{"rows":[{"id":"z","who":"d","count":null,"open":"是","day":"2026年3月2日","at":"0001-01-01 00:00:00"},{"id":"y","who":"e"},{"id":"x","who":"d","id":"again"}]}"""),
        "ndjson" => Bytes(
            "{\"id\":\"a1\",\"who\":\"d\",\"kind\":\"x\",\"count\":1,\"ratio\":\"1,234.5\",\"at\":\"2026-03-02 10:00:00\"}\n{\"id\":\"a2\",\"who\":\"d\",\"price\":9.99}\n",
            "{\"id\":\"b\",\"who\":\"d\"}\r\n\r\n[{\"id\":\"c\",\"who\":\"d\"},{\"id\":\"e\",\"who\":\"d\",\"wide\":\"12345678901234567890.0123456789\"}]\r\n",
            "{\"id\":\"b\",\"who\":\"d\",\"day\":\"9999-12-31\",\"at\":\"9999-12-31T23:59:59.999999Z\"}"),
        _ => Bytes(
            "id,who,kind,count,ratio,price,day,at,extra\r\na1,d,x,1,1.5,3.25,2026-03-02,2026-03-02 10:00:00,e\r\na2,d,\"y,\"\"z\",2,,,,,\r\n",
            "\uFEFF\"id\",\"who\",名\na,d,\"two\nlines\"\nb,d,c\n",
            "who,id\nd,1\nd,2,3\nd\n"),
    };

    /// <summary>Bits that are put into transfers wherever chance has it.</summary>
    public static IReadOnlyList<byte[]> Tokens { get; } =
    [
        .. Bytes(
            "\"", "\"\"", ",", "\n", "\r\n", "\r", "{", "}", "[", "]", ":", "\\", "\\u0000", "\\ud800", "\\udc00\\ud800", "\\ud83d\\ude00", "\uFEFF", "\u2028", "\u0000", "null", "true", "NaN", "-Infinity", "1e999", "-1e999", "1e-400", "-0",
            "0x10", "01", "+1", "1.", ".5", "1_000", "２５", "999999999999999999999999999999999999999999", "170141183460469231731687303715884105728", "-9223372036854775809", "2147483648", "0.00000000000000000000000000000000000001",
            "0001-01-01", "9999-12-31", "10000-01-01", "0000-00-00", "2026-02-30", "2016-12-31T23:59:60Z", "2026-03-08 02:30:00", "2026-11-01 01:30:00", "2011-12-30 12:00:00", "9999-12-31T23:59:59.9999999-14:00", "0001-01-01T00:00:00+14:00", "-62135596800001", "253402300800000",
            "24:00:00", "a/b", "50%", "a=b", "..", ".", " ", "%2F", "🚗", "é", "e\u0301", "ﷺ", "\u202Egnp", "__HIVE_DEFAULT_PARTITION__", "*", "?", "<", "|", "\u007F", "{\"id\":\"q\",\"who\":\"d\"}", "\"rows\":", "\"id\":", "\"id\":\"dup\",", "/**/", "//", "'"),
        [0xC3], [0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC0, 0xAF], [0xFF, 0xFE], [0xFF],
        .. Bytes(new string('[', 70), new string('9', 500), $"1{new string('0', 400)}", new string('a', 5000), new string('a', 200), new string('/', 60), new string('中', 60)),
    ];

    /// <summary>Monsters, each of which is sent once: too deep, too long, too many.</summary>
    public static IEnumerable<byte[]> Monsters(string format)
    {
        yield return Encoding.UTF8.GetBytes(new string('[', 10_000) + new string(']', 10_000));
        yield return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 10_000)) + "1" + new string('}', 10_000));
        yield return Encoding.UTF8.GetBytes(new string('"', 100_000));
        yield return Encoding.UTF8.GetBytes(new string(',', 1_000_000));
        yield return Encoding.UTF8.GetBytes(new string('\n', 1_000_000));
        yield return new byte[100_000];
        var text = new string('字', 3_500_000);
        yield return Encoding.UTF8.GetBytes(format switch
        {
            "json" => $"{{\"rows\":[{{\"id\":\"{text}\",\"who\":\"d\"}}]}}",
            "ndjson" => $"{{\"id\":\"{text}\",\"who\":\"d\"}}",
            _ => $"id,who\n{text},d\n",
        });
        yield return Encoding.UTF8.GetBytes($"{{\"rows\":[{{\"id\":1,\"who\":\"d\",\"count\":{new string('1', 1_000_000)}}}]}}");
        yield return Encoding.UTF8.GetBytes($"{{\"rows\":[{{{string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"k{i}\":{i}"))}}}]}}");
        var descending = string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"k{999_999 - i}\":1"));
        foreach (var record in (string[])[$"{{\"id\":1,\"who\":\"d\",{descending}}}", $"{{\"id\":1,\"who\":\"d\",\"n\":{{{descending}}}}}"])
            yield return Encoding.UTF8.GetBytes(format == "json" ? $"{{\"rows\":[{record}]}}" : record);
        yield return Encoding.UTF8.GetBytes(
            $"id,who,{string.Join(',', Enumerable.Range(0, 16_000).Select(i => $"k{99_999 - i}"))}\n{string.Concat(Enumerable.Repeat($"1,d{new string(',', 16_000)}\n", 50))}");
        yield return Encoding.UTF8.GetBytes($"id,{new string('n', 500_000)}\n{string.Concat(Enumerable.Repeat("1\n", 100_000))}");
        yield return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("1\n", 16 << 20)));
        yield return Encoding.UTF8.GetBytes($"{(format == "json" ? "{\"rows\":" : "")}[{string.Join(',', Enumerable.Repeat("{}", 2_100_000))}]{(format == "json" ? "}" : "")}");
    }

    private static byte[][] Bytes(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];
}
