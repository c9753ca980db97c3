using System.Text;
using CsCheck;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating;
using Ingest.Core.Normalizing;
using Ingest.Tests.Batching;
using Ingest.Tests.Contracts;

namespace Ingest.Tests.Deduplicating;

/// <summary>Fingerprints lie in tables for years: the golden values here must never change.</summary>
public sealed class FingerprintTests
{
    private static readonly object?[] s_row = ["沪A12345", 7, 8L, 1.5, 150L, 1_500_000L, (Int128)15_000_000_000, true, 20_000, 1_728_000_000_000_000L];

    [Theory]
    [InlineData("", "99aa06d3014798d86001c324468d497f")]
    [InlineData("a", "a96faf705af16834e6c632b61e964e1f")]
    public void The_hash_is_xxh3_128_in_canonical_order(string text, string canonical) =>
        Assert.Equal(canonical, FingerprintEncoding.Hash(Encoding.UTF8.GetBytes(text)).ToString("x32", null));

    [Fact]
    public void Cells_are_encoded_as_version_1_says_for_ever()
    {
        Assert.Equal("00", Hex(FingerprintEncoding.WriteNull));
        Assert.Equal("0101", Hex(to => FingerprintEncoding.WriteBoolean(to, 1)));
        Assert.Equal("02feffffffffffffff", Hex(to => FingerprintEncoding.WriteInteger(to, -2)));
        Assert.Equal("03000000000000f83f", Hex(to => FingerprintEncoding.WriteDouble(to, 1.5)));
        Assert.Equal("030000000000000000", Hex(to => FingerprintEncoding.WriteDouble(to, -0d)));
        Assert.Equal("04010f000000000000000000000000000000", Hex(to => FingerprintEncoding.WriteDecimal(to, 1500L, 3)));
        Assert.Equal("0401f1ffffffffffffffffffffffffffffff", Hex(to => FingerprintEncoding.WriteDecimal(to, (Int128)(-1500), 3)));
        Assert.Equal("040000000000000000000000000000000000", Hex(to => FingerprintEncoding.WriteDecimal(to, 0L, 2)));
        Assert.Equal("05204e0000", Hex(to => FingerprintEncoding.WriteDate(to, 20_000)));
        Assert.Equal("06ffffffffffffffff", Hex(to => FingerprintEncoding.WriteTimestamp(to, -1)));
        Assert.Equal("0703000000e6b2aa", Hex(to => FingerprintEncoding.WriteBytes(to, "沪"u8)));
    }

    [Fact]
    public void A_row_of_every_type_has_the_fingerprint_it_always_had()
    {
        var plan = TypedRows.AllTypes.Datasets[0].Plan;
        var plain = plan with { Dedup = plan.Dedup with { DateColumn = -1 } };
        Assert.Equal("61ed47ed1a575ff3c8fcff61b4ea750d", Key(plain, s_row).ToString("x32", null));
        Assert.Equal("3874e1626fbb8f0b81b3f82a37b3938f", Key(plain, new object?[10]).ToString("x32", null));

        // Version 2: day 20000 + 32768 = 0xce20, and 0 for none, in place of the first 16 bits.
        Assert.Equal("ce2047ed1a575ff3c8fcff61b4ea750d", Key(plan, s_row).ToString("x32", null));
        Assert.Equal("0000e1626fbb8f0b81b3f82a37b3938f", Key(plan, new object?[10]).ToString("x32", null));
    }

    [Theory]
    [InlineData(0, 0x8000)]
    [InlineData(-1, 0x7fff)]
    [InlineData(-32_767, 1)]
    [InlineData(-32_768, 1)]
    [InlineData(-700_000, 1)]
    [InlineData(32_767, 0xffff)]
    [InlineData(2_900_000, 0xffff)]
    public void A_date_far_off_is_held_to_the_nearest_that_has_a_place(int days, int place)
    {
        Assert.Equal((UInt128)place << 112, FingerprintEncoding.Dated(0, days));
        Assert.Equal(((UInt128)place << 112) | (UInt128.MaxValue >> 16), FingerprintEncoding.Dated(UInt128.MaxValue, days));
    }

    [Fact]
    public void Keys_carry_the_event_date_only_where_it_is_part_of_what_tells_rows_apart()
    {
        string[] columns = ["name: id, type: string, required: true", "name: at, type: timestamp, required: true", "name: v, type: long"];
        DatasetPlan Of(string more) => Yaml.Topic(Yaml.Cars(more, columns)).Datasets[0].Plan;
        Assert.Equal("v2;date=at;content;department,at:timestamp,id:string,v:integer;_rescued", Of("event_date: at").DedupSignature);
        Assert.Equal("v1;content;department,at:timestamp,id:string,v:integer;_rescued", Of("").DedupSignature);
        Assert.Equal("v1;content;department,id:string,v:integer;_rescued", Of("event_date: at\ndedup: { except: [at] }").DedupSignature);
        Assert.StartsWith("v1;identity;", Of("event_date: at\ndedup: { mode: identity, identity: [id] }").DedupSignature, StringComparison.Ordinal);
        Assert.StartsWith("v2;date=at;identity;", Of("event_date: at\ndedup: { mode: identity, identity: [id, at] }").DedupSignature, StringComparison.Ordinal);
    }

    [Fact]
    public void A_timestamp_gives_its_date_in_UTC_whatever_the_zone_of_the_contract()
    {
        var plan = Yaml.Topic(Yaml.Cars("event_date: at", "name: at, type: timestamp")).Datasets[0].Plan with { EventDateColumn = -1 };
        const long Day = 86_400_000_000;
        foreach (var (micros, place) in new[] { (0L, 0x8000), (Day - 1, 0x8000), (Day, 0x8001), (-1L, 0x7fff), (-Day, 0x7fff), (-Day - 1, 0x7ffe), (long.MinValue, 1), (long.MaxValue, 0xffff) })
            Assert.Equal(place, (int)(Key(plan, [micros]) >> 112));
        Assert.Equal(0, (int)(Key(plan, [null]) >> 112));
    }

    [Fact]
    public void The_encoding_is_department_then_columns_by_name_then_rescued()
    {
        var plan = Yaml.Topic(Yaml.Cars("", "name: b, type: string", "name: a, type: long")).Datasets[0].Plan;
        byte[] expected = [7, 6, 0, 0, 0, .. "police"u8, 2, 5, 0, 0, 0, 0, 0, 0, 0, 7, 1, 0, 0, 0, (byte)'x', 0];
        Assert.Equal(FingerprintEncoding.Hash(expected), Key(plan, ["x", 5L]));
    }

    [Fact]
    public void Different_rows_have_different_encodings() => Gen.Select(TypedRows.Row, TypedRows.Row, Gen.Int[0, 10]).Sample((a, other, cell) =>
    {
        // One cell from elsewhere, or (at 10) the whole row.
        object?[] b = [.. a.Select((v, c) => c == cell || cell == 10 ? other[c] : v)];
        var isSame = a.Zip(b).All(p => Equals(p.First, p.Second));
        Assert.Equal(isSame, Encode(a).AsSpan().SequenceEqual(Encode(b)));
    }, iter: 2000);

    [Fact]
    public void Rows_of_every_type_are_encoded_as_the_naive_encoder_does() => TypedRows.Row.Sample(row =>
    {
        int[] byName = [7, 8, 3, 1, 2, 5, 6, 4, 0, 9];
        byte[] expected = [7, 6, 0, 0, 0, .. "police"u8, .. byName.SelectMany(c => EncodeCell(row[c], c)), 0];
        Assert.Equal(FingerprintEncoding.Dated(FingerprintEncoding.Hash(expected), (int?)row[8]), Key(TypedRows.AllTypes.Datasets[0].Plan, row));
    }, iter: 500);

    [Fact]
    public void Neighbouring_texts_do_not_run_into_each_other()
    {
        var plan = Yaml.Topic(Yaml.Cars("", "name: a, type: string", "name: b, type: string")).Datasets[0].Plan;
        object?[][] rows = [["ab", ""], ["", "ab"], ["a", "b"], [null, "ab"], ["ab", null], ["", ""], [null, ""], ["", null], [null, null]];
        Assert.Equal(rows.Length, rows.Select(r => Key(plan, r)).Distinct().Count());
    }

    [Fact]
    public void Widening_an_integer_or_rescaling_a_decimal_changes_no_fingerprint()
    {
        UInt128 Of(string type, object value) => Key(Yaml.Topic(Yaml.Cars("", $"name: v, type: '{type}'")).Datasets[0].Plan, [value]);
        Assert.Equal(Of("int", -7), Of("long", -7L));
        Assert.Equal(Of("decimal(5,1)", 15L), Of("decimal(18,2)", 150L));
        Assert.Equal(Of("decimal(5,1)", 15L), Of("decimal(38,10)", (Int128)15_000_000_000));
        Assert.NotEqual(Of("decimal(5,1)", 15L), Of("decimal(5,0)", 15L));
        Assert.NotEqual(Of("long", 1L), Of("double", 1d));
        Assert.NotEqual(Of("date", 1), Of("int", 1));
    }

    [Fact]
    public void The_department_counts_and_the_order_of_columns_in_the_contract_does_not()
    {
        var plan = Yaml.Topic(Yaml.Cars("", "name: a, type: string", "name: b, type: long")).Datasets[0].Plan;
        var turned = Yaml.Topic(Yaml.Cars("", "name: b, type: long", "name: a, type: string")).Datasets[0].Plan;
        Assert.Equal(Key(plan, ["x", 1L]), Key(turned, [1L, "x"]));
        Assert.NotEqual(Key(plan, ["x", 1L]), Key(plan, ["x", 1L], "taxes"));
        var fingerprinter = new Fingerprinter(plan);
        Assert.Equal(Key(plan, ["x", 1L]), Key(plan, ["x", 1L], "police", fingerprinter));
        Assert.Equal(Key(plan, ["x", 1L], "a-very-much-longer-department"), Key(plan, ["x", 1L], "a-very-much-longer-department", fingerprinter));
        Assert.Equal(Key(plan, ["x", 1L]), Key(plan, ["x", 1L], "police", fingerprinter));
    }

    [Fact]
    public void Rescued_fields_and_excepted_columns_count_as_the_contract_says()
    {
        var counts = Yaml.Topic(Yaml.Cars("dedup: { except: [b] }", "name: a, type: string", "name: b, type: long")).Datasets[0].Plan;
        Assert.Equal(Key(counts, ["x", 1L, "{}"]), Key(counts, ["x", 2L, "{}"]));
        Assert.NotEqual(Key(counts, ["x", 1L, "{}"]), Key(counts, ["x", 1L, null]));
        var ignores = Yaml.Topic(Yaml.Cars("dedup: { rescued: false }", "name: a, type: string", "name: b, type: long")).Datasets[0].Plan;
        Assert.Equal(Key(ignores, ["x", 1L, "{}"]), Key(ignores, ["x", 1L, null]));
    }

    [Fact]
    public void Identity_mode_fingerprints_identity_and_content_apart()
    {
        var topic = Yaml.Topic(Yaml.Cars("dedup: { mode: identity, identity: [id] }", "name: id, type: string, required: true", "name: v, type: long"));
        using var chunk = TypedRows.Chunk(topic, [["x", 1L, null], ["x", 2L, null], ["y", 1L, null], ["x", 1L, "{}"]]);
        var (keys, contents) = (chunk.Datasets[0].Keys, chunk.Datasets[0].Contents);
        Assert.Equal([keys[0], keys[0], keys[0]], [keys[0], keys[1], keys[3]]);
        Assert.NotEqual(keys[0], keys[2]);
        Assert.Equal(contents[0], contents[2]);
        Assert.Equal(3, contents[..4].Distinct().Count());
    }

    [Fact]
    public void A_row_longer_than_any_buffer_is_fingerprinted_whole()
    {
        var plan = Yaml.Topic(Yaml.Cars("", "name: a, type: string", "name: b, type: long")).Datasets[0].Plan;
        var text = new string('长', 100_000);
        Assert.NotEqual(Key(plan, [text + "a", 1L]), Key(plan, [text + "b", 1L]));
        Assert.NotEqual(Key(plan, [text, 1L]), Key(plan, [text, 2L]));
    }

    private static UInt128 Key(DatasetPlan plan, object?[] row, string department = "police", Fingerprinter? by = null)
    {
        var records = new NormalizedRecords(plan);
        TypedRows.Fill(records, [row]);
        (by ?? new Fingerprinter(plan)).Fingerprint(records, department);
        return records.Keys[0];
    }

    private static byte[] Encode(object?[] row) => [.. row.SelectMany(EncodeCell)];

    /// <summary>The naive encoder: cells of <see cref="TypedRows.AllTypes"/>, by column ordinal.</summary>
    private static byte[] EncodeCell(object? value, int column) => (value, column) switch
    {
        (null, _) => [0],
        (bool b, _) => [1, b ? (byte)1 : (byte)0],
        (int days, 8) => [5, .. BitConverter.GetBytes(days)],
        (int i, _) => [2, .. BitConverter.GetBytes((long)i)],
        (long p7, 4) => Decimal(p7, 2),
        (long p18, 5) => Decimal(p18, 6),
        (long micros, 9) => [6, .. BitConverter.GetBytes(micros)],
        (long l, _) => [2, .. BitConverter.GetBytes(l)],
        (double d, _) => [3, .. BitConverter.GetBytes(d == 0 ? 0d : d)],
        (Int128 p38, _) => Decimal(p38, 10),
        (string s, _) => [7, .. BitConverter.GetBytes(Encoding.UTF8.GetByteCount(s)), .. Encoding.UTF8.GetBytes(s)],
        _ => throw new ArgumentOutOfRangeException(nameof(value)),
    };

    private static byte[] Decimal(Int128 unscaled, byte scale)
    {
        for (; scale > 0 && unscaled % 10 == 0; scale--) unscaled /= 10;
        return [4, scale, .. BitConverter.GetBytes(unscaled)];
    }

    private delegate int Write(Span<byte> to);

    private static string Hex(Write write)
    {
        Span<byte> to = stackalloc byte[64];
        return Convert.ToHexStringLower(to[..write(to)]);
    }
}
