using Ingest.Core.Flow.Runtime;
using Ingest.Core.Transfers;
using Ingest.Tests.Contracts;

namespace Ingest.Tests.Flow;

public sealed class PartitionStateTests
{
    private const int Mebibyte = 1 << 20;

    private readonly PartitionState _partition = new(Yaml.Topic(Yaml.Cars("", "name: s, type: string")), new PartitionBounds(new TopicPartition("cars", 0), 0, 1_000));

    [Fact]
    public void What_waits_weighs_what_transfers_weighed_of_late()
    {
        Assert.Equal((1_000L, 0d), (_partition.Waiting, _partition.WaitingBytes));
        _partition.Weigh(Transfers(4, Mebibyte));
        _partition.NextOffset = 4;
        Assert.Equal((996L, 996d * Mebibyte), (_partition.Waiting, _partition.WaitingBytes));

        // Many small ones later, they count; chunks without a transfer do not.
        for (var i = 0; i < 100; i++) _partition.Weigh(Transfers(50, 4_000));
        _partition.Weigh([]);
        Assert.InRange(_partition.WaitingBytes, 996 * 4_000, 997 * 4_000);
        _partition.NextOffset = 2_000;
        Assert.Equal((0L, 0d), (_partition.Waiting, _partition.WaitingBytes));
    }

    private static Transfer[] Transfers(int count, int bytes) => [.. Enumerable.Range(0, count).Select(i => new Transfer(i, 0, i * bytes, bytes))];
}
