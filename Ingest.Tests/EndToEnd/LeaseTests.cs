using Ingest.Core.Flow.Runtime;
using Ingest.Core.Stores;
using Ingest.Tests.Stores;

namespace Ingest.Tests.EndToEnd;

public sealed class LeaseTests
{
    /// <summary>As on a disk that became read-only, or a bucket that does not answer: the lease ends by itself.</summary>
    [Fact]
    public async Task A_lease_that_cannot_be_given_back_does_not_keep_a_worker_from_ending()
    {
        using var city = new City { Housekeeping = new HousekeepingOptions { Interval = TimeSpan.FromMilliseconds(50) } };
        var store = new Lasting();
        city.Wrap = store.Around;
        using var stop = new CancellationTokenSource();
        using var worker = city.NewWorker();
        var running = worker.RunAsync(stop.Token);
        await worker.UntilAsync(s => s.AssignedPartitions == 2 && store.Leases == 2, running);
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.True(store.Kept > 0, "No lease was to be given back.");
    }

    /// <summary>A store that never answers when a lease is to be deleted.</summary>
    private sealed class Lasting
    {
        private int _leases;
        private int _kept;

        public int Leases => Volatile.Read(ref _leases);

        public int Kept => Volatile.Read(ref _kept);

        public IObjectStore Around(IObjectStore inner) => new Store(this, inner);

        private static bool IsLease(string name) => name.Contains("_seal/lease-", StringComparison.Ordinal);

        private sealed class Store(Lasting owner, IObjectStore inner) : ForwardingStore(inner)
        {
            public override async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
            {
                var outcome = await base.CreateAsync(name, content, cancellation);
                if (IsLease(name)) Interlocked.Increment(ref owner._leases);
                return outcome;
            }

            public override async ValueTask DeleteAsync(string name, CancellationToken cancellation)
            {
                if (!IsLease(name))
                {
                    await base.DeleteAsync(name, cancellation);
                    return;
                }

                Interlocked.Increment(ref owner._kept);
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            }
        }
    }
}
