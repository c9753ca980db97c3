using System.Runtime.CompilerServices;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;
using Ingest.Tests.Stores;

namespace Ingest.Tests.EndToEnd;

/// <summary>What is done beside ingest fails for ever: rights that lack one verb, an object that cannot be read. Ingest has nothing to do with it.</summary>
public sealed class HousekeepingFailureTests
{
    [Fact]
    public async Task Sealing_that_cannot_read_its_plans_pauses_nothing_and_is_told_when_it_begins_and_when_it_is_over()
    {
        var log = new RecordingLogger();
        var store = new Forbidden();
        using var city = new City { Logger = log, Wrap = store.Around, Housekeeping = new HousekeepingOptions { Interval = TimeSpan.FromMilliseconds(20), Sealing = new SealingOptions { MergeFiles = 2 } } };
        using var stop = new CancellationTokenSource();
        using var worker = city.NewWorker();
        var running = worker.RunAsync(stop.Token);
        await worker.UntilAsync(_ => log.Lines.Any(l => l.StartsWith("1016 Sealing of table 'payments' fails", StringComparison.Ordinal)), running);
        var calls = store.Calls;
        await worker.UntilAsync(_ => store.Calls > calls + 10, running); // so that it was put off and begun again
        Assert.True(worker.Store.Health.IsWell);

        city.Publish("""{"id":"A1","paid_on":"2026-03-02"}""");
        city.Delivered();
        await worker.UntilAsync(s => s is { CommittedRows: 1, IsPaused: false }, running);
        Assert.Single(log.Lines, l => l.StartsWith("1016 Sealing of table 'payments'", StringComparison.Ordinal));

        store.IsMended = true;
        await worker.UntilAsync(_ => log.Lines.Any(l => l.StartsWith("1022 Sealing of table 'payments' goes on", StringComparison.Ordinal)), running);
        await stop.CancelAsync();
        await running;
        await city.AssertAccountedAsync();
    }

    /// <summary>A store that refuses to list the folder of plans and leases.</summary>
    private sealed class Forbidden
    {
        private int _calls;

        public volatile bool IsMended;

        public int Calls => Volatile.Read(ref _calls);

        public IObjectStore Around(IObjectStore inner) => new Store(this, inner);

        private sealed class Store(Forbidden owner, IObjectStore inner) : ForwardingStore(inner)
        {
            public override async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
            {
                if (!owner.IsMended && prefix.Contains("_seal/", StringComparison.Ordinal))
                {
                    Interlocked.Increment(ref owner._calls);
                    throw new StoreException(StoreFault.Transient, $"Cannot list {prefix}: refused.");
                }

                await foreach (var found in base.ListAsync(prefix, after, cancellation)) yield return found;
            }
        }
    }
}
