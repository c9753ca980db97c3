using Apache.Arrow;
using CsCheck;
using DuckDB.NET.Data;
using Ingest.Core.Batching;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Transfers;
using Ingest.Tests.Batching;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Pool.Parquet;

/// <summary>Columns that are the same for all rows of a chunk are runs in a batch, and columns like any other in a file.</summary>
public sealed class RunEndTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DuckDBConnection _duck = new("DataSource=:memory:");

    public RunEndTests() => _duck.Open();

    public void Dispose()
    {
        _duck.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Topic_and_partition_of_every_row_read_back_however_chunks_alternate() =>
        Gen.Select(Gen.Select(Gen.Int[0, 2], Gen.Int[0, 300], Gen.Int[1, 40]).List[1, 12], Gen.Int[0, 100], Gen.Bool.Array[480]).Sample((chunks, cutPercent, drop) =>
        {
            var whole = Seal(chunks);
            var rows = chunks.SelectMany(c => Enumerable.Repeat($"topic.{c.Item1}|{c.Item2}", c.Item3)).ToArray();
            Assert.Equal(rows, Written(whole, cutPercent));
            var kept = rows.Where((_, i) => !drop[i]).ToArray();
            using var without = PartitionRows.Without(whole, drop.AsSpan(0, rows.Length));
            Assert.Equal(kept.Length, without.RowCount);
            if (kept.Length > 0) Assert.Equal(kept, Written(without, cutPercent));
            whole.Dispose();
        }, iter: 40, threads: 1);

    [Fact]
    public void A_value_that_stays_is_held_once()
    {
        using var batch = Seal([.. Enumerable.Repeat((1, 7, 40), 50), (2, 7, 40)]);
        Assert.Equal((2, 1), (Runs(batch, "_topic"), Runs(batch, "_partition")));
        using var fewer = PartitionRows.Without(batch, [.. Enumerable.Range(0, batch.RowCount).Select(row => row % 2 == 0)]);
        Assert.Equal((2, 1), (Runs(fewer, "_topic"), Runs(fewer, "_partition")));
    }

    /// <summary>Bounds of values that readers skip by, over several row groups.</summary>
    [Fact]
    public void Statistics_are_those_of_the_values()
    {
        using var batch = Seal([(1, 9, 3), (0, 200, 2), (2, 10, 4)]);
        using var encoder = new FileEncoder(batch.Batch.Schema);
        encoder.AddGroup(batch.Batch, 0, 4);
        encoder.AddGroup(batch.Batch, 4, 5);
        Assert.Contains("\"_topic\":\"topic.0\",\"_partition\":9,", encoder.StatsJson, StringComparison.Ordinal);
        Assert.Contains("\"_topic\":\"topic.2\",\"_partition\":200,", encoder.StatsJson, StringComparison.Ordinal);
        Assert.Contains("\"_topic\":0,\"_partition\":0,", encoder.StatsJson, StringComparison.Ordinal);
    }

    private static PartitionBatch Seal(IEnumerable<(int Topic, int Partition, int Rows)> chunks)
    {
        using var open = new OpenBatch(TypedRows.AllTypes.Datasets[0].Plan);
        foreach (var (topic, partition, rows) in chunks)
        {
            using var chunk = TypedRows.Chunk(TypedRows.AllTypes, [.. Enumerable.Range(0, rows).Select(_ => new object?[10])], 0, new TopicPartition($"topic.{topic}", partition));
            open.Append(chunk, chunk.Datasets[0], TypedRows.All(rows), 0);
        }

        return Assert.Single(open.Seal());
    }

    private static int Runs(PartitionBatch batch, string column) => ((RunEndEncodedArray)batch.Batch.Column(column)).Values.Length;

    /// <summary>Topic and partition of each row as DuckDB reads them from a file with two row groups, or one.</summary>
    private List<string> Written(PartitionBatch batch, int cutPercent)
    {
        using var encoder = new FileEncoder(batch.Batch.Schema);
        var cut = batch.RowCount * cutPercent / 100;
        if (cut > 0) encoder.AddGroup(batch.Batch, 0, cut);
        if (cut < batch.RowCount) encoder.AddGroup(batch.Batch, cut, batch.RowCount - cut);
        encoder.Complete();
        var file = Path.Combine(_folder.Path, $"{Guid.NewGuid():N}.parquet");
        File.WriteAllBytes(file, encoder.Content.Written.ToArray());
        using var command = _duck.CreateCommand();
        command.CommandText = $"SELECT _topic || '|' || _partition FROM '{file}'";
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read()) rows.Add(reader.GetString(0));
        return rows;
    }
}
