using System.Text;
using System.Text.Json;
using CsCheck;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Normalizing;

public sealed class RescueTests
{
    private static readonly ColumnPlan s_name = One.Column(ColumnType.String, "name");

    [Fact]
    public void Fields_that_no_column_takes_are_kept_sorted_and_minimal()
    {
        using var chunk = new ChunkBuilder([s_name])
            .Row("甲").Extra("颜色", "红").Extra("b", Cell.Number("1.50")).Extra("B", Cell.Null).Extra("a", Cell.Composite("""{ "y" : [ 1 , 2.0, {} ], "x" : "\u4e2d" }"""))
            .Row("乙")
            .Row("丙").Extra("z", Cell.Escaped("\\/\\u0041\\n\\\""))
            .Normalize();
        Assert.Equal("""{"B":null,"a":{"x":"中","y":[1,2.0,{}]},"b":1.50,"颜色":"红"}""", Rescued(chunk, 0));
        Assert.Null(Rescued(chunk, 1));
        Assert.Equal("""{"z":"/A\n\""}""", Rescued(chunk, 2));
    }

    [Fact]
    public void Nested_fields_keep_their_place()
    {
        using var chunk = new ChunkBuilder([s_name]) { Paths = [new FieldPath([]), new FieldPath(["owner"]), new FieldPath(["owner", "address"]), new FieldPath(["car"])] }
            .Row("甲").Extra("zip", Cell.Number("1"), path: 2).Extra("age", Cell.Number("2"), path: 1).Extra("p", "x", path: 3).Extra("owner2", "y").Extra("street", "路", path: 2)
            .Normalize();
        Assert.Equal("""{"car":{"p":"x"},"owner":{"address":{"street":"路","zip":1},"age":2},"owner2":"y"}""", Rescued(chunk, 0));
    }

    [Fact]
    public void A_value_that_does_not_fit_is_rescued_under_the_name_of_its_source()
    {
        var age = One.Column(ColumnType.Int, "age") with
        {
            Sources = [new FieldPath(["person", "age"]), new FieldPath(["年龄"])],
            OnMismatch = MismatchPolicy.Rescue,
            Default = "7",
        };
        using var chunk = new ChunkBuilder([s_name, age]) { Paths = [new FieldPath([]), new FieldPath(["person"])] }
            .Row("甲", "三十").Extra("sex", "男", path: 1)
            .Row("乙", new Cell(Core.Decoding.FieldKind.Number, "1.5", Source: 1))
            .Row("丙", Cell.Composite("[ 1 ]"))
            .Row("丁", "30")
            .Row("戊", Cell.Null)
            .Normalize();
        Assert.Empty(chunk.Rejections);
        Assert.Equal("""{"person":{"age":"三十","sex":"男"}}""", Rescued(chunk, 0));
        Assert.Equal("""{"年龄":1.5}""", Rescued(chunk, 1));
        Assert.Equal("""{"person":{"age":[1]}}""", Rescued(chunk, 2));
        Assert.Null(Rescued(chunk, 3));
        Assert.Equal([null, null, null, "30", "7"], Enumerable.Range(0, 5).Select(r => One.Show(age, chunk.Datasets[0].Columns[1], r)));
    }

    [Fact]
    public void Two_columns_that_rescue_one_source_rescue_it_once()
    {
        var a = One.Column(ColumnType.Int, "a") with { Sources = [new FieldPath(["x"])], OnMismatch = MismatchPolicy.Rescue };
        var b = One.Column(ColumnType.Int, "b") with { Sources = [new FieldPath(["x", "y"])], OnMismatch = MismatchPolicy.Rescue };
        using var chunk = new ChunkBuilder([a, a with { Name = "a2" }, b]).Row(Cell.Composite("""{"y":"q"}"""), Cell.Composite("""{"y":"q"}"""), "q").Extra("x2", "1").Normalize();
        Assert.Equal("""{"x":{"y":"q"},"x2":"1"}""", Rescued(chunk, 0));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(17)]
    [InlineData(300)]
    public void However_many_fields_there_are_and_in_whatever_order_they_come_out_sorted(int count)
    {
        var builder = new ChunkBuilder([s_name]) { Paths = [new FieldPath([]), new FieldPath(["k15x"])] };
        int[] steps = [1, 7, 7, 11, 1];
        foreach (var step in steps)
        {
            builder.Row("甲");
            for (var i = count - 1; i >= 0; i--)
            {
                var at = i * step * 13 % 307;
                builder.Extra($"k{at}", Cell.Number($"{at}"), path: at % 2);
            }
        }

        using var chunk = builder.Normalize();
        for (var row = 0; row < steps.Length; row++)
        {
            var ats = Enumerable.Range(0, count).Select(i => i * steps[row] * 13 % 307).OrderBy(at => $"k{at}", StringComparer.Ordinal).ToArray();
            var nested = string.Join(',', ats.Where(at => at % 2 == 1).Select(at => $"\"k{at}\":{at}"));
            var outer = ats.Where(at => at % 2 == 0).Select(at => (Name: $"k{at}", Json: $"\"k{at}\":{at}")).ToList();
            if (nested.Length > 0) outer.Add(("k15x", $"\"k15x\":{{{nested}}}"));
            Assert.Equal($"{{{string.Join(',', outer.OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => f.Json))}}}", Rescued(chunk, row));
        }
    }

    [Fact]
    public void A_large_object_in_a_field_is_sorted_and_keeps_repeated_names_as_they_came()
    {
        string Object(IEnumerable<int> names) => $"{{{string.Join(',', names.Select(n => $"\"k{n % 50:00}\":{n}"))}}}";
        var names = Enumerable.Range(0, 120).Select(i => 119 - i).ToArray();
        using var chunk = new ChunkBuilder([s_name]).Row("甲").Extra("o", Cell.Composite(Object(names))).Normalize();
        Assert.Equal($"{{\"o\":{Object(names.OrderBy(n => n % 50))}}}", Rescued(chunk, 0));
    }

    [Fact]
    public void A_required_column_cannot_be_rescued()
    {
        var column = One.Column(ColumnType.Int) with { OnMismatch = MismatchPolicy.Rescue, Required = true };
        Assert.Equal("<type-mismatch>", One.Read(column, "x"));
    }

    [Fact]
    public void Csv_values_are_texts_and_csv_headers_may_be_quoted()
    {
        using var chunk = new ChunkBuilder([s_name], format: TransferFormat.Csv).Row("甲").Extra("\"\"b\"\"", "C:\\x\n", nameEscaped: true).Extra("a", "01").Extra("c", Cell.Quoted("\"\"")).Normalize();
        Assert.Equal("""{"\"b\"":"C:\\x\n","a":"01","c":"\""}""", Rescued(chunk, 0));
    }

    [Fact]
    public void Half_a_surrogate_pair_in_a_field_or_name_refuses_the_record()
    {
        using var chunk = new ChunkBuilder([s_name])
            .Row("甲").Extra("x", Cell.Escaped("""\ud800"""))
            .Row("乙").Extra("""\udc00""", "1", nameEscaped: true)
            .Row("丙").Extra("x", Cell.Composite("""{"a":[{"\ud800":1}]}"""))
            .Row("丁").Extra("x", "1")
            .Normalize();
        Assert.Equal([ReasonCode.NotUtf8, ReasonCode.NotUtf8, ReasonCode.NotUtf8], chunk.Rejections.Select(r => r.Reason));
        Assert.Equal([0, 1, 2], chunk.Rejections.Select(r => r.Position));
        Assert.Equal("""{"x":"1"}""", Rescued(chunk, 3));
    }

    [Fact]
    public void The_order_and_spelling_of_fields_change_nothing()
    {
        var names = new[] { "a", "b", "ab", "中", "é", "\uFFFD", "😀", "\"", "" };
        Gen.Shuffle(names).Select(Gen.Bool.Array[names.Length]).Sample((order, escape) =>
        {
            var plain = new ChunkBuilder([s_name]).Row("甲");
            foreach (var name in names.Where(n => n != "\"")) plain.Extra(name, name);
            plain.Extra("\\\"", "q", nameEscaped: true);
            var shuffled = new ChunkBuilder([s_name]).Row("甲");
            for (var i = 0; i < order.Length; i++)
            {
                var isEscaped = escape[i] || order[i] == "\"";
                var name = isEscaped ? string.Concat(order[i].Select(c => $"\\u{(int)c:x4}")) : order[i];
                var value = order[i] == "\"" ? "q" : order[i];
                shuffled.Extra(name, isEscaped ? Cell.Escaped(string.Concat(value.Select(c => $"\\u{(int)c:X4}"))) : value, nameEscaped: isEscaped);
            }

            using var one = plain.Normalize();
            using var other = shuffled.Normalize();
            var json = Rescued(one, 0)!;
            Assert.Equal(json, Rescued(other, 0));
            var keys = JsonDocument.Parse(json).RootElement.EnumerateObject().Select(p => Encoding.UTF8.GetBytes(p.Name)).ToList();
            Assert.Equal(names.Length, keys.Count);
            Assert.All(keys.Zip(keys.Skip(1)), pair => Assert.True(pair.First.AsSpan().SequenceCompareTo(pair.Second) < 0));
        }, iter: 200);
    }

    private static string? Rescued(NormalizedChunk chunk, int row) =>
        chunk.Datasets[0].Rescued.Valid[row] == 0 ? null : Encoding.UTF8.GetString(chunk.Datasets[0].Rescued[row]);
}
