using System.Globalization;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Normalizing;

public sealed class ChunkNormalizerTests
{
    private static readonly ColumnPlan[] s_columns =
    [
        One.Column(ColumnType.String, "plate", TextRule.Trim, TextRule.Nfkc, TextRule.Upper) with { Required = true, NullWords = ["", "无"] },
        One.Column(ColumnType.Decimal, "price", TextRule.Trim, TextRule.Nfkc, TextRule.Separators) with { Precision = 12, Scale = 2 },
        One.Column(ColumnType.Double, "weight"),
        One.Column(ColumnType.Timestamp, "registered_at") with { Formats = ["yyyy-MM-dd HH:mm:ss.fff", "d MMMM yyyy", "iso"] },
        One.Column(ColumnType.Boolean, "active") with { Default = "是" },
        One.Column(ColumnType.String, "kind") with { Constant = "vehicle", Sources = [] },
        One.Column(ColumnType.Long, "id_number") with { Protected = true },
    ];

    private static readonly Cell[] s_good = ["京a１２３", "1,234.50", "1.5", "2020-02-05 16:43:59.304", "否", Cell.Absent, Cell.Number("42")];

    [Fact]
    public void A_record_becomes_a_row_of_typed_values()
    {
        using var chunk = Builder().Row(s_good).Row(["粤B", "", Cell.Null, Cell.Absent, Cell.Absent, Cell.Absent, ""]).Normalize();
        Assert.Empty(chunk.Rejections);
        Assert.Equal(["京A123", "123450", "1.5", "2020-02-05T08:43:59.304Z", "false", "vehicle", "42"], Row(chunk, 0));
        Assert.Equal(["粤B", null, null, null, "true", "vehicle", null], Row(chunk, 1));
        Assert.Equal(2, chunk.Datasets[0].Count);
        Assert.Equal(1, chunk.Datasets[0].Position[1]);
        Assert.All(chunk.Datasets[0].Columns, c => Assert.Equal(2, c.Count));
        Assert.Equal(2, chunk.Datasets[0].EventDate.Count);
    }

    [Fact]
    public void A_refused_row_stays_in_place_and_says_the_first_column_at_fault()
    {
        using var chunk = Builder()
            .Row(s_good)
            .Row("京B", "12,34", "heavy", Cell.Null, Cell.Null, Cell.Absent, Cell.Absent)
            .Row(" 无", "x", Cell.Absent, Cell.Null, Cell.Null, Cell.Absent, Cell.Absent)
            .Row("京C", Cell.Null, "1e999", Cell.Null, Cell.Null, Cell.Absent, Cell.Absent)
            .Row("京D", Cell.Null, "1", Cell.Null, Cell.Null, Cell.Absent, "4403051990")
            .Row("京E", Cell.Null, "1", Cell.Null, Cell.Null, Cell.Absent, "440305199001011234X")
            .Row("京F", Cell.Null, new string('9', 500) + "年", Cell.Null, Cell.Null, Cell.Absent, Cell.Null)
            .Row("京G", Cell.Null, Cell.Composite("[1]"), Cell.Null, Cell.Null, Cell.Absent, Cell.Null)
            .Normalize();
        var rows = chunk.Datasets[0];
        Assert.Equal([0, 1, 1, 1, 0, 1, 1, 1], rows.Refused[..8]);
        Assert.Equal(
            [
                (1, ReasonCode.TypeMismatch, 1, "price: expected decimal(12,2), found \"12,34\""),
                (2, ReasonCode.MissingRequired, 0, "plate: a string is required, found \" 无\""),
                (3, ReasonCode.OutOfRange, 2, "weight: expected double, found \"1e999\""),
                (5, ReasonCode.TypeMismatch, 6, "id_number: expected long, found *** (protected)"),
                (6, ReasonCode.TypeMismatch, 2, $"weight: expected double, found \"{new string('9', 64)}…\""),
                (7, ReasonCode.TypeMismatch, 2, "weight: expected double, found [1]"),
            ],
            chunk.Rejections.Select(r => (r.Position, r.Reason, r.Column, r.Detail!)));
        Assert.All(chunk.Rejections, r => Assert.Equal((0, rows.Span[r.Position]), (r.Dataset, (r.Start, r.Length))));
        Assert.All(rows.Columns, c => Assert.Equal(8, c.Count));
    }

    [Fact]
    public void What_decoding_refused_comes_first()
    {
        var builder = Builder();
        var earlier = new Rejection(0, -1, ReasonCode.NotJson, -1, -1, 0, 1, "broken");
        builder.Refused.Add(earlier);
        using var chunk = builder.Row(Cell.Absent, Cell.Null, Cell.Null, Cell.Null, Cell.Null, Cell.Absent, Cell.Null).Normalize();
        Assert.Equal(2, chunk.Rejections.Count);
        Assert.Equal(earlier, chunk.Rejections[0]);
        Assert.Equal("plate: a string is required, found nothing", chunk.Rejections[1].Detail);
    }

    [Fact]
    public void A_chunk_is_used_again_without_a_trace_of_the_last()
    {
        var builder = Builder();
        for (var i = 0; i < 200; i++) builder.Row("京B", "bad", "1", Cell.Null, Cell.Null, Cell.Absent, Cell.Null);
        var chunk = builder.Normalize();
        Assert.Equal(200, chunk.Rejections.Count);
        using var fresh = Builder().Row(s_good).Normalize();
        var twice = new ChunkBuilder(s_columns, eventDate: 3);
        twice.Row(s_good);
        chunk.Chunk.Dispose();
        using var again = new NormalizedChunk(twice.Topic);
        twice.Normalize(again).Chunk.Dispose();
        twice.Normalize(again);
        Assert.Empty(again.Rejections);
        Assert.Equal(1, again.Datasets[0].Count);
        Assert.Equal(0, again.Datasets[0].Refused[0]);
        Assert.Equal(Row(fresh, 0), Row(again, 0));
    }

    [Fact]
    public void Faults_of_one_chunk_do_not_stain_the_next()
    {
        var topic = Builder();
        var normalizer = new ChunkNormalizer(topic.Topic);
        using var into = new NormalizedChunk(topic.Topic);
        normalizer.Normalize(topic.Row("京B", "bad", "1", Cell.Null, Cell.Null, Cell.Absent, Cell.Null).Row(s_good).Decode(), into);
        Assert.Single(into.Rejections);
        into.Chunk.Dispose();

        // The same two records the other way round: the fault of row 0 must not show again at row 0.
        var turned = topic.Decode();
        var records = turned.Datasets[0];
        var (bad, good) = (records.Record(0).ToArray(), records.Record(1).ToArray());
        turned.Reset(turned.Chunk);
        good.CopyTo(records.Next());
        records.Add(0, 0, 0, 1);
        bad.CopyTo(records.Next());
        records.Add(0, 1, 1, 1);
        normalizer.Normalize(turned, into);
        Assert.Equal(1, Assert.Single(into.Rejections).Position);
        Assert.Equal([0, 1], into.Datasets[0].Refused[..2]);
        Assert.Equal("京A123", Row(into, 0)[0]);
    }

    [Fact]
    public void Splitting_a_chunk_changes_nothing()
    {
        var whole = Builder();
        for (var i = 0; i < 300; i++) whole.Row(Mixed(i)).Extra($"k{i % 3}", $"v{i}");
        using var all = whole.Normalize();
        for (var i = 0; i < 300; i++)
        {
            using var part = Builder().Row(Mixed(i)).Extra($"k{i % 3}", $"v{i}").Normalize();
            Assert.Equal(all.Datasets[0].Refused[i], part.Datasets[0].Refused[0]);
            if (part.Datasets[0].Refused[0] != 0) continue;
            Assert.Equal(Row(all, i), Row(part, 0));
            Assert.Equal(all.Datasets[0].Rescued[i], part.Datasets[0].Rescued[0]);
            Assert.Equal(all.Datasets[0].EventDate.Values[i], part.Datasets[0].EventDate.Values[0]);
        }
    }

    [Theory]
    [InlineData("de-DE")]
    [InlineData("tr-TR")]
    [InlineData("ar-SA")]
    [InlineData("th-TH")]
    public void The_culture_of_the_machine_changes_nothing(string culture)
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
            using var chunk = Builder().Row(["京i", "1,234.50", "12345678901234567.5", "5 May 2020", "TRUE", Cell.Absent, "1.0"]).Normalize();
            Assert.Empty(chunk.Rejections);
            Assert.Equal(["京I", "123450", "12345678901234568", "2020-05-04T16:00:00Z", "true", "vehicle", "1"], Row(chunk, 0));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void The_event_date_is_the_day_in_the_datasets_zone()
    {
        var at = One.Column(ColumnType.Timestamp, "at") with { TimeZone = TimeZoneInfo.Utc };
        using var chunk = new ChunkBuilder([at], eventDate: 0)
            .Row("2020-02-05T15:59:59.999999Z").Row("2020-02-05T16:00:00Z").Row(Cell.Null).Row("1969-12-31T15:59:59Z").Row("9999-12-31T16:00:00Z").Row("0001-01-01T00:00:00Z")
            .Normalize();
        var dates = chunk.Datasets[0].EventDate;
        Assert.Equal([1, 1, 0, 1, 0, 1], dates.Valid[..6]);
        Assert.Equal([18297, 18298, 0, -1, 0, CivilTime.MinDay], dates.Values[..6]);
        var refused = Assert.Single(chunk.Rejections);
        Assert.Equal((4, ReasonCode.OutOfRange, 0), (refused.Position, refused.Reason, refused.Column));

        using var days = new ChunkBuilder([One.Column(ColumnType.Date, "on")], eventDate: 0).Row("2020-02-05").Row(Cell.Null).Normalize();
        Assert.Equal(18297, days.Datasets[0].EventDate.Values[0]);
        Assert.Equal([1, 0], days.Datasets[0].EventDate.Valid[..2]);
    }

    [Fact]
    public void A_default_that_is_no_value_of_its_type_is_refused_at_once()
    {
        var error = Assert.Throws<ArgumentException>(() => new ChunkBuilder([One.Column(ColumnType.Int) with { Default = "many" }]));
        Assert.Contains("many", error.Message, StringComparison.Ordinal);
        Assert.Null(One.Read(One.Column(ColumnType.Int) with { Default = " " }, Cell.Absent));
        Assert.Equal("<missing-required>", One.Read(One.Column(ColumnType.Int) with { Required = true }, Cell.Absent));
        Assert.Equal("3", One.Read(One.Column(ColumnType.Int) with { Required = true, Default = "3.0" }, Cell.Absent));
    }

    [Fact]
    public void Identity_mode_gets_room_for_content_fingerprints()
    {
        var builder = new ChunkBuilder([One.Column(ColumnType.Int)], mode: DedupMode.Identity);
        for (var i = 0; i < 100; i++) builder.Row(Cell.Number("1"));
        using var chunk = builder.Normalize();
        Assert.True(chunk.Datasets[0].Contents.Length >= 100);
        Assert.True(chunk.Datasets[0].Keys.Length >= 100);
    }

    [Fact]
    public void Nothing_is_allocated_for_an_accepted_row()
    {
        var builder = Builder();
        for (var i = 0; i < 2000; i++) builder.Row(s_good).Extra("颜色", "红");
        var decoded = builder.Decode();
        var normalizer = new ChunkNormalizer(builder.Topic);
        using var into = new NormalizedChunk(builder.Topic);
        for (var i = 0; i < 3; i++) normalizer.Normalize(decoded, into);

        // A collection that other tests cause may empty a shared pool of arrays in one pass, not in every one.
        var least = Enumerable.Range(0, 5).Min(_ =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            normalizer.Normalize(decoded, into);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
        Assert.InRange(least, 0, 2000);
    }

    private static ChunkBuilder Builder() => new(s_columns, eventDate: 3);

    private static Cell[] Mixed(int i) =>
    [
        i % 7 == 0 ? Cell.Escaped("\\u4eac" + i) : $" 京Ａ{i}", i % 5 == 0 ? "x" : $"{i % 900},{100 + i}.{i % 10}0", Cell.Number($"{i}e-{i % 4}"),
        $"2020-0{1 + (i % 9)}-05 16:43:59.304", i % 2 == 0 ? "是" : Cell.Null, Cell.Absent, i % 11 == 0 ? "-" : $"{i}.0",
    ];

    private static string?[] Row(NormalizedChunk chunk, int row) =>
        [.. chunk.Datasets[0].Columns.Select((vector, i) => One.Show(s_columns[i], vector, row))];
}
