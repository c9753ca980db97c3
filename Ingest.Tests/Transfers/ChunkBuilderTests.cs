using CsCheck;
using Ingest.Core.Transfers;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Transfers;

public sealed class ChunkBuilderTests
{
    private static readonly CommitRight s_right = new(new TopicPartition("a", 0), 7);

    [Fact]
    public void Whatever_the_sizes_the_gaps_and_the_budget_chunks_tile_the_offsets_and_hold_every_byte() =>
        Gen.Select(Gen.Int[0, 3000].Array[0, 60], Gen.Int[0, 2].Array[60], Gen.Int[1, 30_000]).Sample((sizes, gaps, total) =>
        {
            var budget = new ByteBudget(total);
            var builder = new ChunkBuilder(budget, 4096, 7);
            var covered = new OffsetRange(7, 7);
            List<(long Offset, int Length)> sent = [], received = [];
            var offset = 7L;
            for (var i = 0; i < sizes.Length; i++)
            {
                offset += gaps[i];
                var payload = new byte[sizes[i]];
                Array.Fill(payload, (byte)offset);
                sent.Add((offset, sizes[i]));
                while (builder.Append(offset, 0, payload) is var result && result != AppendResult.Appended)
                {
                    Assert.Equal(AppendResult.ChunkFull, result);
                    Receive(builder.Close(s_right, -1)!);
                }

                offset++;
            }

            if (!builder.IsEmpty) Receive(builder.Close(s_right, offset + 3)!);
            Assert.Equal(sent, received);
            Assert.Equal(0, budget.UsedBytes);

            void Receive(TransferChunk chunk)
            {
                covered = covered.Join(chunk.Range);
                Assert.True(chunk.Lease.Bytes >= chunk.Buffer.Length);
                foreach (var transfer in chunk.Transfers)
                {
                    Assert.Equal(-1, chunk.Buffer.AsSpan(transfer.Start, transfer.Length).IndexOfAnyExcept((byte)transfer.Offset));
                    received.Add((transfer.Offset, transfer.Length));
                }

                chunk.Dispose();
            }
        });

    [Fact]
    public void Without_room_it_takes_nothing_and_with_room_it_goes_on()
    {
        var budget = new ByteBudget(10_000);
        Assert.True(budget.TryLease(9_000, out var others));
        var builder = new ChunkBuilder(budget, 4096, 0);
        Assert.Equal(AppendResult.NoBudget, builder.Append(5, 0, "x"u8));
        Assert.Equal(9_000, budget.UsedBytes);
        others.Dispose();
        Assert.Equal(AppendResult.Appended, builder.Append(5, 0, "x"u8));
        using var chunk = builder.Close(s_right, 9);
        Assert.Equal((0, 9, 1), (chunk!.Range.From, chunk.Range.To, chunk.Count));
    }

    [Fact]
    public void An_end_without_messages_is_an_empty_chunk()
    {
        var builder = new ChunkBuilder(new ByteBudget(1), 4096, 3);
        using var chunk = builder.Close(s_right, 8);
        Assert.Equal((3, 8, 0), (chunk!.Range.From, chunk.Range.To, chunk.Count));
        Assert.Equal(8, builder.Next);
    }

    [Fact]
    public void Starting_anew_gives_everything_back()
    {
        var budget = new ByteBudget(1 << 20);
        var builder = new ChunkBuilder(budget, 4096, 0);
        builder.Append(0, 0, "x"u8);
        builder.Restart(50);
        Assert.Equal(0, budget.UsedBytes);
        Assert.Equal((true, 50), (builder.IsEmpty, builder.Next));
    }
}
