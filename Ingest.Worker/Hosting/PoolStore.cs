using Ingest.Core;
using Ingest.Core.Stores;
using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Hosting;

/// <summary>The pool's store as everybody gets it: the folder, and one layer of retries around it.</summary>
internal sealed class PoolStore
{
    private PoolStore(IObjectStore store, StoreHealth health, string root)
    {
        Store = store;
        Health = health;
        Root = root;
    }

    public IObjectStore Store { get; }

    public StoreHealth Health { get; }

    /// <summary>What is wrong with the store just now; null when nothing is.</summary>
    public string? Fault => Health.IsWell ? null : Health.Report().LastError ?? "calls are being repeated";

    /// <summary>Where the pool is, for people and for DuckDB.</summary>
    public string Root { get; }

    public static PoolStore Open(string pool, StoreRetryOptions retry, TimeProvider time, ILogger logger)
    {
        var root = Path.GetFullPath(pool);
        var retrying = new RetryingStore(new LocalStore(root, IdSource.System, time), retry, time);
        retrying.Health.Changed += report => StoreLog.Report(logger, report);
        return new PoolStore(retrying, retrying.Health, root);
    }
}
