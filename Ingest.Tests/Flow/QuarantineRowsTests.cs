using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Normalizing;
using Ingest.Tests.Contracts;
using Ingest.Tests.Decoding;

namespace Ingest.Tests.Flow;

public sealed class QuarantineRowsTests
{
    private static readonly TopicPlan s_csv = Yaml.Topic(Yaml.Cars("format: csv", "name: a, type: string", "name: b, type: string"));

    [Fact]
    public void A_usual_header_is_kept_by_every_row()
    {
        var rows = Of("a,b\n1\n2\n", "a,b,c\n1\n2\n3,4,5,6\n");
        Assert.Equal(["a,b", "a,b", "a,b,c", "a,b,c", "a,b,c"], rows.Headers);
    }

    [Fact]
    public void Of_a_huge_header_not_every_row_keeps_a_copy_but_one_of_each_transfer_does()
    {
        var header = $"a,{new string('n', 500_000)}";
        var refused = string.Concat(Enumerable.Repeat("1\n", 5_000));
        var rows = Of($"{header}\n{refused}", $"{header},b\n{refused}");
        Assert.Equal(10_000, rows.Headers.Count);
        Assert.Equal((header, $"{header},b"), (rows.Headers[0], rows.Headers[5_000]));
        Assert.InRange(rows.HeaderBytes, 1_000_000, QuarantineRows.HeaderBytesMax + 1_100_000);
    }

    private static (List<string?> Headers, long HeaderBytes) Of(params string[] transfers)
    {
        byte[][] bytes = [.. transfers.Select(Encoding.UTF8.GetBytes)];
        using var chunk = Decoded.Chunk(s_csv, 0, bytes);
        var rows = new QuarantineRows("test");
        rows.Reset(s_csv, chunk);
        foreach (var refused in Decoded.Of(s_csv, bytes).Rejections) rows.Add(refused);
        var headers = (BytesVector)rows.Records.Columns[QuarantineDataset.Header];
        return ([.. Enumerable.Range(0, rows.Count).Select(i => headers.Valid[i] != 0 ? Encoding.UTF8.GetString(headers[i]) : null)], headers.Offsets[headers.Count]);
    }
}
