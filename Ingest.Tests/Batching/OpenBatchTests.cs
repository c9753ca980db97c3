using Apache.Arrow;
using CsCheck;
using Ingest.Core.Batching;
using Ingest.Core.Deduplicating;
using Ingest.Tests.Contracts;

namespace Ingest.Tests.Batching;

public sealed class OpenBatchTests
{
    [Fact]
    public void However_rows_are_cut_into_chunks_the_batch_is_the_same() => Gen.Select(TypedRows.Row.List[1, 60], Gen.Int[1, 20]).Sample((rows, cut) =>
    {
        var plan = TypedRows.AllTypes.Datasets[0].Plan;
        var whole = TypedRows.Seal(TypedRows.AllTypes, rows);
        using var open = new OpenBatch(plan);
        for (var at = 0; at < rows.Count; at += cut)
        {
            var part = rows.Skip(at).Take(cut).ToArray();
            using var chunk = TypedRows.Chunk(TypedRows.AllTypes, part, at);
            open.Append(chunk, chunk.Datasets[0], TypedRows.All(part.Length), 0);
        }

        Assert.Equal((rows.Count, whole.Length), (open.RowCount, open.PartitionCount));
        Assert.True(open.Bytes > 0);
        var parts = open.Seal();
        Assert.Equal((0, 0, 0L), (open.RowCount, open.PartitionCount, open.Bytes));
        Assert.Equal(whole.SelectMany(Show), parts.SelectMany(Show));
    }, iter: 200);

    [Fact]
    public void Every_row_is_in_the_partition_of_its_date_in_order_of_arrival() => TypedRows.Row.List[0, 60].Sample(rows =>
    {
        var batches = TypedRows.Seal(TypedRows.AllTypes, rows);
        Assert.Equal(rows.Count, batches.Sum(b => b.RowCount));
        Assert.Equal(batches.Length, batches.Select(b => b.Values[1]).Distinct().Count());
        foreach (var batch in batches)
        {
            Assert.Equal("police", batch.Values[0]);
            var expected = rows.Select((row, i) => (row, i)).Where(r => Date(r.row[8]) == batch.Values[1]).ToArray();
            var offsets = (Int64Array)batch.Batch.Column("_offset");
            Assert.Equal(expected.Select(e => (long?)e.i), Enumerable.Range(0, batch.RowCount).Select(offsets.GetValue));
            var texts = (StringArray)batch.Batch.Column("s");
            Assert.Equal(expected.Select(e => (string?)e.row[0]), Enumerable.Range(0, batch.RowCount).Select(i => texts.GetString(i)));
            Assert.Equal(batch.RowCount, batch.Keys.Length);
            Assert.Equal(batch.RowCount, batch.Ranges.Length);
        }
    }, iter: 200);

    [Fact]
    public void Only_selected_rows_are_taken_and_marked_with_their_range()
    {
        using var open = new OpenBatch(TypedRows.AllTypes.Datasets[0].Plan);
        object?[] Row(long l) => [null, null, l, null, null, null, null, null, 1, null];
        foreach (var (range, first) in new[] { (3, 0L), (4, 10L) })
        {
            using var chunk = TypedRows.Chunk(TypedRows.AllTypes, [Row(first), Row(first + 1), Row(first + 2)], first);
            open.Append(chunk, chunk.Datasets[0], new Selection { Rows = [0, 2, 99], Count = 2 }, range);
        }

        var batch = Assert.Single(open.Seal());
        Assert.Equal([0L, 2, 10, 12], ((Int64Array)batch.Batch.Column("l")).Values.ToArray());
        Assert.Equal([0L, 2, 10, 12], ((Int64Array)batch.Batch.Column("_offset")).Values.ToArray());
        Assert.Equal<ushort>([3, 3, 4, 4], batch.Ranges);
        Assert.Empty(batch.Contents);
        Assert.Equal("1970-01-02", batch.Values[1]);
    }

    [Fact]
    public void Columns_that_partition_the_table_are_not_stored_in_files()
    {
        var topic = Yaml.Topic(Yaml.Cars("partition: [kind, ok, n]", "name: kind, type: string", "name: ok, type: boolean", "name: n, type: long", "name: v, type: int"));
        object?[][] rows = [["a", true, 1L, 1], ["", false, -1L, 2], [null, null, null, 3], ["a", true, 1L, 4]];
        var batches = TypedRows.Seal(topic, rows);
        Assert.Equal(3, batches.Length);
        Assert.Equal(["v", "department", "_rescued", "_topic", "_partition", "_offset", "_position", "_published_at"], batches[0].Batch.Schema.FieldsList.Select(f => f.Name));
        Assert.Contains(batches, b => b.Values.SequenceEqual(["a", "true", "1"]) && b.RowCount == 2);
        Assert.Contains(batches, b => b.Values.SequenceEqual([null, "false", "-1"]));
        Assert.Contains(batches, b => b.Values.SequenceEqual(new string?[] { null, null, null }));
    }

    [Fact]
    public void No_text_in_a_partition_column_makes_one_partition_of_two()
    {
        var topic = Yaml.Topic(Yaml.Cars("partition: [a, b]", "name: a, type: string", "name: b, type: string"));
        object?[][] rows = [["x", "y\01z"], ["x\01y", "z"], ["x\0", "y"], ["x", "\0y"], ["x\0\0", null], ["x\0", "\0"], ["x", null]];
        var batches = TypedRows.Seal(topic, rows);
        Assert.Equal(rows.Length, batches.Length);
        Assert.All(rows, row => Assert.Contains(batches, b => b.Values.SequenceEqual(row)));
    }

    [Fact]
    public void A_batch_without_some_rows_holds_exactly_the_others() => Gen.Select(TypedRows.Row.List[1, 40], Gen.Bool.Array[40]).Sample((rows, drop) =>
    {
        var dated = rows.Select(r => (object?[])[.. r[..8], 5, r[9]]).ToArray();
        var batch = Assert.Single(TypedRows.Seal(TypedRows.AllTypes, dated));
        var kept = Show(batch).Where((_, i) => !drop[i]);
        var without = PartitionRows.Without(batch, drop.AsSpan(0, rows.Count));
        Assert.Equal(kept, Show(without));
        Assert.Equal(drop.Take(rows.Count).Count(d => !d), without.RowCount);
        for (var c = 0; c < without.Batch.ColumnCount; c++)
            Assert.Equal(Enumerable.Range(0, without.RowCount).Count(without.Batch.Column(c).IsNull), without.Batch.Column(c).NullCount);
    }, iter: 200);

    private static string? Date(object? days) => days is int d ? new DateOnly(1970, 1, 1).AddDays(d).ToString("yyyy-MM-dd", null) : null;

    private static IEnumerable<string> Show(PartitionBatch batch)
    {
        for (var row = 0; row < batch.RowCount; row++)
        {
            var cells = batch.Batch.Arrays.Select(a => Show(a, row));
            yield return $"{string.Join('/', batch.Values)} {batch.Keys[row]:x} {batch.Ranges[row]} {string.Join('|', cells)}";
        }
    }

    private static string Show(IArrowArray array, int row) => array.IsNull(row) ? "∅" : array switch
    {
        RunEndEncodedArray r => Show(r.Values, r.FindPhysicalIndex(row)),
        StringArray s => s.GetString(row),
        Decimal64Array => Convert.ToHexString(array.Data.Buffers[1].Span.Slice(row * 8, 8)),
        Decimal128Array => Convert.ToHexString(array.Data.Buffers[1].Span.Slice(row * 16, 16)),
        TimestampArray t => t.GetValue(row)!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        IReadOnlyList<int?> i => $"{i[row]}",
        IReadOnlyList<long?> l => $"{l[row]}",
        IReadOnlyList<double?> f => f[row]!.Value.ToString("R", System.Globalization.CultureInfo.InvariantCulture),
        BooleanArray b => $"{b.GetValue(row)}",
        _ => throw new InvalidOperationException(array.GetType().Name),
    };
}
