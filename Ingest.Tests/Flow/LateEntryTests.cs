using Ingest.Core.Stores;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Flow;

/// <summary>An entry of the log may arrive when its worker has long given it up, and has gone back to the tables.</summary>
public sealed class LateEntryTests
{
    private const string Row = """{"id":"A1","paid_on":"2026-03-02"}""";

    private readonly Slow _slow = new();

    /// <summary>Its index run is one that this worker wrote, and its rows are not among those that the next batch was checked against.</summary>
    [Fact]
    public async Task What_it_brings_is_not_written_again_by_the_worker_that_gave_it_up()
    {
        await using var worker = new ScriptedWorker(_slow.Around, o => o with { Batching = new() { FlushAfter = TimeSpan.Zero } });
        var rights = await worker.AssignAsync();
        _slow.HoldsEntries = true;
        await worker.OfferAsync(rights[0]!, 0, Row);
        await worker.UntilAsync(_ => _slow.HasOne);
        rights[0]!.Revoke();
        await worker.WithTime((await worker.Source.Sink).LostAsync([rights[0]!]));
        var second = Assert.Single(worker.Source.Moves, m => m.Old == rights[1]).Next!;
        Assert.Equal(0, second.StartOffset);

        await _slow.ArriveAsync(worker.Store);
        await worker.OfferAsync(second, 0, Row, """{"id":"A2","paid_on":"2026-03-02"}""");
        await worker.UntilAsync(s => s.Commits == 1);
        Assert.Equal((1, 0), (worker.Status.CommittedRows, worker.Status.Halted.Count));
        worker.Stop();
        await worker.EndAsync();
    }

    /// <summary>A store that takes its time with entries of the log: whoever asks it to is told nothing, and gives up.</summary>
    private sealed class Slow
    {
        private (string Name, byte[] Content)? _held;

        public volatile bool HoldsEntries, HasOne;

        public IObjectStore Around(IObjectStore inner) => new Store(this, inner);

        public async Task ArriveAsync(MemoryStore store)
        {
            HoldsEntries = false;
            Assert.Equal(CreateOutcome.Created, await store.CreateAsync(_held!.Value.Name, _held.Value.Content, CancellationToken.None));
        }

        private sealed class Store(Slow slow, IObjectStore inner) : ForwardingStore(inner)
        {
            public override async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
            {
                if (slow.HoldsEntries && name.Contains("/_delta_log/", StringComparison.Ordinal))
                {
                    (slow._held, slow.HasOne) = ((name, content.ToArray()), true);
                    await Task.Delay(Timeout.Infinite, cancellation);
                }

                return await base.CreateAsync(name, content, cancellation);
            }
        }
    }
}
