namespace Ingest.Tests.EndToEnd;

/// <summary>The design's failure table, line by line: what is refused keeps its bytes and its reason, and its neighbours go on.</summary>
public sealed class BadInputTests
{
    private const string Good = """{"id":"G","paid_on":"2026-03-02"}""";

    public static TheoryData<string, string, string> Refusals => new()
    {
        { "not-json", """[{"id":"A","paid_on":"2026""", "-1" },
        { "too-deep", "[" + string.Concat(Enumerable.Repeat("[", 200)) + string.Concat(Enumerable.Repeat("]", 200)) + "]", "-1" },
        { "not-an-object", $$"""[7,{{Good}}]""", "0" },
        { "missing-required", $$"""[{{Good}},{"id":null,"paid_on":"2026-03-02"}]""", "1" },
        { "type-mismatch", $$"""[{"id":"A","amount":"viel","paid_on":"2026-03-02"},{{Good}}]""", "0" },
        { "out-of-range", $$"""[{"id":"A","amount":1.005,"paid_on":"2026-03-02"},{{Good}}]""", "0" },
        { "duplicate-field", $$"""[{"id":"A","id":"B","paid_on":"2026-03-02"},{{Good}}]""", "0" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task What_is_refused_is_quarantined_with_its_reason_and_its_bytes(string reason, string payload, string position)
    {
        using var city = new City();
        city.Publish(payload);
        city.Publish(Good);
        await city.CatchUpAsync();
        Assert.Equal([$"{reason}|{position}|0|housing"], await city.SqlAsync("select reason, _position, _offset, department from quarantine"));
        var raw = Assert.Single(await city.SqlAsync("select decode(raw) from quarantine"));
        Assert.Contains(raw, payload, StringComparison.Ordinal);
        Assert.Equal(1, await city.CountAsync());
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task Bytes_that_are_not_text_are_kept_as_they_came()
    {
        using var city = new City();
        byte[] payload = [.. "{\"id\":\"A"u8, 0xC3, 0x28, .. "\",\"paid_on\":\"2026-03-02\"}"u8];
        city.Publish(payload);
        await city.CatchUpAsync();
        Assert.Equal([$"not-utf8|{Convert.ToHexString(payload)}"], await city.SqlAsync("select reason, hex(raw) from quarantine"));
    }

    [Fact]
    public async Task Reading_the_same_offsets_again_adds_nothing_to_the_quarantine()
    {
        using var city = new City();
        city.Publish("nonsense");
        await city.CatchUpAsync();
        // As after a crash between the quarantine's commit and the table's.
        Directory.Delete(Path.Combine(city.Pool, "payments"), recursive: true);
        await city.CatchUpAsync();
        Assert.Equal(1, await city.CountAsync("quarantine"));
    }

    [Fact]
    public async Task A_record_of_known_identity_and_other_content_goes_to_quarantine()
    {
        using var city = new City(City.Contract.Replace("columns:", "dedup: { mode: identity, identity: [id] }\ncolumns:", StringComparison.Ordinal));
        city.Publish("""[{"id":"A","amount":1,"paid_on":"2026-03-02"},{"id":"A","amount":1.0,"paid_on":"2026-03-02"},{"id":"A","amount":2,"paid_on":"2026-03-02"}]""");
        await city.CatchUpAsync();
        city.Publish("""{"id":"A","amount":3,"paid_on":"2026-03-02"}""");
        await city.CatchUpAsync();
        Assert.Equal(["A|1.00"], await city.SqlAsync("select id, amount from payments"));
        Assert.Equal(["identity-conflict|0|2", "identity-conflict|1|0"], await city.SqlAsync("select reason, _offset, _position from quarantine order by _offset"));
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task One_topic_feeds_two_tables_and_each_resumes_where_it_stands()
    {
        string Of(string dataset, string kind) => City.Contract.Replace("dataset: payments", $"dataset: {dataset}", StringComparison.Ordinal)
            .Replace("columns:", $"select: {{ field: kind, equals: {kind} }}\ncolumns:", StringComparison.Ordinal);
        using var city = new City(Of("in", "i"), Of("out", "o"));
        city.Publish("""[{"kind":"i","id":"1","paid_on":"2026-03-02"},{"kind":"o","id":"2","paid_on":"2026-03-02"},{"kind":"?","id":"3","paid_on":"2026-03-02"}]""");
        await city.CatchUpAsync();

        // One of the two is behind: it gets what it lacks, and the other nothing twice.
        Directory.Delete(Path.Combine(city.Pool, "out"), recursive: true);
        city.Publish("""[{"kind":"i","id":"4","paid_on":"2026-03-02"},{"kind":"o","id":"5","paid_on":"2026-03-02"}]""");
        await city.CatchUpAsync();
        Assert.Equal(["1", "4"], await city.SqlAsync("select id from \"in\" order by id"));
        Assert.Equal(["2", "5"], await city.SqlAsync("select id from \"out\" order by id"));
        Assert.Equal(["unknown-dataset|null"], await city.SqlAsync("select reason, dataset from quarantine"));
        await city.AssertAccountedAsync();
    }
}
