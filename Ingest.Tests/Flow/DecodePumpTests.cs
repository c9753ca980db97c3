using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Transfers;
using Ingest.Tests.Contracts;
using Ingest.Tests.Decoding;

namespace Ingest.Tests.Flow;

public sealed class DecodePumpTests
{
    private static readonly Catalog s_catalog = Yaml.Catalog(Yaml.Cars("", "name: a, type: string"));
    private static readonly TopicPlan s_topic = s_catalog.Topics["police.cars"];

    [Fact]
    public async Task Chunks_behind_wait_while_much_is_decoded_but_the_first_in_line_never_does()
    {
        const int Workers = 2;
        var scheduler = new Queued();
        var pump = new DecodePump(s_catalog, new DecodeLimits(), new NormalizedChunkPool(new ByteBudget(1 << 20)), decodedBytesMax: 1, Workers, new Signal(), scheduler);
        Ticket[] tickets = [.. Enumerable.Range(0, 5).Select(i => new Ticket(Decoded.Chunk(s_topic, i, ["{\"a\":1}"u8.ToArray()]), i))];
        foreach (var ticket in tickets) Assert.True(pump.TryStart(ticket));
        for (var first = 0; first < 4; first++)
        {
            scheduler.RunAll();
            Assert.InRange(tickets.Count(t => t.IsDone), first + 1, first == 0 ? 1 : first + Workers);
            Assert.True(tickets[first].IsDone);
            pump.Left(tickets[first]);
        }

        // What waits when all ends does not hold up the end.
        var ending = pump.DisposeAsync().AsTask();
        scheduler.RunAll();
        await ending.WaitAsync(TestContext.Current.CancellationToken);
        foreach (var ticket in tickets) ticket.Chunk.Dispose();
    }

    [Theory]
    [InlineData(1, 2_000, false)]
    [InlineData(1, 400_000, true)]
    [InlineData(20, 20_000, true)]
    public void The_turn_is_taken_by_a_chunk_that_is_heavy_altogether(int transfers, int records, bool isHeavy)
    {
        var shared = new Lock();
        var turn = new HeavyTurn(shared);
        var into = new DecodedChunk(s_topic) { Room = { Turn = turn } };
        var transfer = Encoding.UTF8.GetBytes($"[{string.Join(',', Enumerable.Repeat("{}", records))}]");
        for (var round = 0; round < 2; round++)
        {
            using var chunk = Decoded.Chunk(s_topic, 0, [.. Enumerable.Repeat(transfer, transfers)]);
            new ChunkDecoder(s_topic, new DecodeLimits()).Decode(chunk, into);
            Assert.Equal(isHeavy, shared.IsHeldByCurrentThread);
            turn.End();
            Assert.False(shared.IsHeldByCurrentThread);
        }
    }

    /// <summary>Runs tasks when it is told to, one after another.</summary>
    private sealed class Queued : TaskScheduler
    {
        private readonly Queue<Task> _tasks = [];

        public void RunAll()
        {
            while (_tasks.TryDequeue(out var task)) TryExecuteTask(task);
        }

        protected override void QueueTask(Task task) => _tasks.Enqueue(task);

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks() => _tasks;
    }
}
