using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Tests.EndToEnd;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Flow;

/// <summary>Chunks of a partition may stand in line when it is stopped, and everything may be read again before they are looked at.</summary>
public sealed class HaltedPartitionTests
{
    private const string Fines = """
        dataset: fines
        topics: [{ topic: police.fines, department: police }]
        format: json
        time_zone: Asia/Shanghai
        columns:
          - { name: id, type: string, required: true }
        """;

    private readonly Held _held = new();

    [Fact]
    public async Task What_stands_in_line_of_a_table_that_is_stopped_is_dropped_and_the_others_go_on()
    {
        await using var worker = new ScriptedWorker(_held.Around, o => o with { Batching = new() { FlushAfter = TimeSpan.Zero, PartitionsMax = 1 } }, City.Contract, Fines);
        var rights = await worker.AssignAsync();
        _held.IsHolding = true;
        await worker.OfferAsync(rights[0]!, 0, Row(0));
        await worker.UntilAsync(_ => _held.HasOne);

        // The next batch has as many partitions as it may have, so the chunk behind it waits in line.
        await worker.OfferAsync(rights[0]!, 1, Row(1));
        await worker.UntilAsync(s => s.Transfers == 2);
        await worker.OfferAsync(rights[0]!, 2, Row(2));
        await worker.Store.CreateAsync("payments/" + LogNames.Entry(1), LogJson.Write([new LogAction.Protocol(3, 7, ["deletionVectors"], ["deletionVectors"])]), CancellationToken.None);
        _held.Puts.SetResult();
        await worker.UntilAsync(s => s.Halted.Count == 2);

        var fines = (await worker.WithTime((await worker.Source.Sink).AssignedAsync([new(new("police.fines", 0), 0, 10)])))[0];
        await worker.OfferAsync(fines!, 0, """{"id":"F1"}""");
        await worker.UntilAsync(s => s.CommittedRows == 1);
        Assert.False(worker.Running.IsCompleted);
        worker.Stop();
        await worker.EndAsync();
    }

    private static string Row(int id) => $$"""{"id":"A{{id}}","paid_on":"2026-03-0{{id + 1}}"}""";

    /// <summary>A store that holds entries of one table's log back.</summary>
    private sealed class Held
    {
        public TaskCompletionSource Puts { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public volatile bool IsHolding, HasOne;

        public IObjectStore Around(IObjectStore inner) => new Store(this, inner);

        private sealed class Store(Held held, IObjectStore inner) : ForwardingStore(inner)
        {
            public override async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
            {
                if (held.IsHolding && name.StartsWith("payments/_delta_log/", StringComparison.Ordinal))
                {
                    held.HasOne = true;
                    await held.Puts.Task.WaitAsync(cancellation);
                }

                return await base.CreateAsync(name, content, cancellation);
            }
        }
    }
}
