using Ingest.Core;
using Ingest.Core.Stores;
using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Hosting;

/// <summary>The pool's store as everybody gets it: folder, bucket or container, and one layer of retries around it.</summary>
internal sealed class PoolStore
{
    private PoolStore(IObjectStore store, IObjectStore beside, StoreHealth health, PoolAddress address)
    {
        Store = store;
        Beside = beside;
        Health = health;
        Address = address;
    }

    public IObjectStore Store { get; }

    /// <summary>The same for what is done beside ingest, which it must never hold up: calls that fail are given up after a while, and do not count as a store that fails.</summary>
    public IObjectStore Beside { get; }

    public StoreHealth Health { get; }

    /// <summary>What is wrong with the store just now; null when nothing is.</summary>
    public string? Fault => Health.IsWell ? null : Health.Report().LastError ?? "calls are being repeated";

    /// <summary>Where the pool is.</summary>
    public PoolAddress Address { get; }

    /// <summary>Touches nothing yet: a disk that is full or read-only just now is waited for by the first call. What is wrong with a bucket's or container's settings shows at once.</summary>
    /// <exception cref="StoreException">The store cannot be used as it is; the message says why.</exception>
    public static PoolStore Open(PoolAddress address, StoreOptions options, StoreRetryOptions retry, TimeProvider time, ILogger logger)
    {
        var store = options.Open(address, IdSource.System, time);
        var retrying = new RetryingStore(store, retry, time);
        retrying.Health.Changed += report => StoreLog.Report(logger, report);
        return new PoolStore(retrying, new RetryingStore(store, retry.Beside, time), retrying.Health, address);
    }
}
