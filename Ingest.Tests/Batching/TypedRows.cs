using System.Text;
using CsCheck;
using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;
using Ingest.Tests.Contracts;
using Ingest.Tests.Decoding;

namespace Ingest.Tests.Batching;

/// <summary>
/// Rows of clean values, one object a column: text, int (also dates, as days), long (also instants, as microseconds, and narrow decimals, unscaled), double,
/// bool, Int128 (wide decimals, unscaled), or null.
/// </summary>
internal static class TypedRows
{
    private const int MinDay = -719_162, MaxDay = 2_932_896;

    private static readonly string[] s_texts = ["", "a", "沪A12345", "😀😀", "\0", "a\0b", "x".PadRight(40, 'y'), "\u0001\uFFFF", "中".PadRight(33, '文'), "quote\"back\\slash\n", new string('\u7535', 31) + "😀end"];

    private static readonly Int128 s_max38 = (Int128)UInt128.Parse("99999999999999999999999999999999999999", null);

    /// <summary>One column of each type, and partitions by department and event date.</summary>
    public static TopicPlan AllTypes { get; } = Yaml.Topic(Yaml.Cars(
        "event_date: d", "name: s, type: string", "name: i, type: int", "name: l, type: long", "name: f, type: double", "name: p7, type: 'decimal(7,2)'", "name: p18, type: 'decimal(18,6)'",
        "name: p38, type: 'decimal(38,10)'", "name: b, type: boolean", "name: d, type: date", "name: t, type: timestamp"));

    public static Gen<object?[]> Row { get; } = Gen.Select(
        Maybe(Gen.Int[0, s_texts.Length - 1].Select(i => s_texts[i])),
        Maybe(Edgy(Gen.Int, int.MinValue, int.MaxValue, 0)),
        Maybe(Edgy(Gen.Long, long.MinValue, long.MaxValue, 0)),
        Maybe(Edgy(Gen.Double.Where(double.IsFinite), double.MinValue, double.MaxValue, 0, -0d, double.Epsilon, 0.1)),
        Maybe(Edgy(Gen.Long[-9_999_999, 9_999_999], -9_999_999, 9_999_999)),
        Maybe(Edgy(Gen.Long[-999_999_999_999_999_999, 999_999_999_999_999_999], -999_999_999_999_999_999, 999_999_999_999_999_999)),
        Maybe(Edgy(Gen.Long.Select(v => (Int128)v), s_max38, -s_max38, Int128.Zero)),
        Gen.Select(
            Maybe(Gen.Bool),
            Maybe(Edgy(Gen.Int[MinDay, MaxDay], MinDay, MaxDay, 0, -1)),
            Maybe(Edgy(Gen.Long[MinDay * 86_400_000_000L, (MaxDay * 86_400_000_000L) + 86_399_999_999], MinDay * 86_400_000_000L, (MaxDay * 86_400_000_000L) + 86_399_999_999, 0, -1, 999, -999))),
        (s, i, l, f, p7, p18, p38, rest) => new[] { s, i, l, f, p7, p18, p38, rest.Item1, rest.Item2, rest.Item3 });

    /// <summary>A chunk with one transfer a row, fingerprinted, the event date taken from column "d" when there is one.</summary>
    public static NormalizedChunk Chunk(TopicPlan topic, IReadOnlyList<object?[]> rows, long offset = 0, TopicPartition? source = null)
    {
        var chunk = new NormalizedChunk(topic);
        chunk.Reset(Decoded.Chunk(topic, offset, [.. rows.Select(_ => "x"u8.ToArray()).DefaultIfEmpty("x"u8.ToArray())], source));
        var records = chunk.Datasets[0];
        Fill(records, rows);
        for (var r = 0; r < rows.Count; r++) records.Transfer[r] = r;
        new Fingerprinter(records.Plan).Fingerprint(records, topic.Department);
        return chunk;
    }

    public static void Fill(NormalizedRecords records, IReadOnlyList<object?[]> rows)
    {
        records.Clear();
        records.SetCount(rows.Count);
        foreach (var row in rows)
        {
            for (var c = 0; c < records.Columns.Length; c++) Append(records.Columns[c], row[c]);
            var hasRescued = row.Length > records.Columns.Length;
            Append(records.Rescued, hasRescued ? row[^1] : null);
            Append(records.EventDate, records.Plan.EventDateColumn >= 0 ? row[records.Plan.EventDateColumn] : null);
        }
    }

    /// <summary>All rows in an open batch, sealed.</summary>
    public static PartitionBatch[] Seal(TopicPlan topic, IReadOnlyList<object?[]> rows)
    {
        using var open = new OpenBatch(topic.Datasets[0].Plan);
        using var chunk = Chunk(topic, rows);
        open.Append(chunk, chunk.Datasets[0], All(rows.Count), 0);
        return [.. open.Seal()];
    }

    public static Selection All(int rows) => new() { Rows = [.. Enumerable.Range(0, rows)], Count = rows };

    private static void Append(ColumnVector vector, object? value)
    {
        switch (vector, value)
        {
            case (_, null): vector.AppendNull(); break;
            case (BytesVector bytes, string text): bytes.Append(Encoding.UTF8.GetBytes(text)); break;
            case (FixedVector<int> ints, int i): ints.Append(i); break;
            case (FixedVector<long> longs, long l): longs.Append(l); break;
            case (FixedVector<double> doubles, double d): doubles.Append(d); break;
            case (FixedVector<byte> booleans, bool b): booleans.Append(b ? (byte)1 : (byte)0); break;
            case (FixedVector<Int128> wide, Int128 w): wide.Append(w); break;
            default: throw new ArgumentException($"{value.GetType()} is no value for {vector.GetType()}.");
        }
    }

    private static Gen<object?> Maybe<T>(Gen<T> gen) => Gen.Frequency((4, gen.Select(v => (object?)v)), (1, Gen.Const((object?)null)));

    private static Gen<T> Edgy<T>(Gen<T> gen, params T[] edges) => Gen.Frequency((2, gen), (1, Gen.Int[0, edges.Length - 1].Select(i => edges[i])));
}
