using System.Runtime.CompilerServices;
using Ingest.Core.Stores;

namespace Ingest.Tests.Stores;

/// <summary>A store that fails as planned: before or after acting, with any fault, after a delay; replayed by its seed.</summary>
public sealed class FaultyStore(IObjectStore inner, TimeProvider time, int seed = 0) : InterceptedStore(inner)
{
    private readonly IObjectStore _inner = inner;
    private readonly Random _random = new(seed);
    private readonly List<Planned> _plans = [];
    private readonly Lock _lock = new();
    private int _calls;
    private int _struck;

    /// <summary>Calls so far.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Calls that failed as planned so far.</summary>
    public int Struck => Volatile.Read(ref _struck);

    /// <summary>From now on this happens too; the first plan that strikes a call decides.</summary>
    public FaultyStore Plan(PlannedFault fault)
    {
        lock (_lock) _plans.Add(new Planned(fault));
        return this;
    }

    /// <summary>The store is well again.</summary>
    public void Mend()
    {
        lock (_lock) _plans.Clear();
    }

    /// <summary>Faults "after acting" strike in the middle of the listing, behind its first object.</summary>
    public override async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var fault = Draw(StoreOperations.List, prefix);
        await Before(fault, StoreOperations.List, prefix, cancellation);
        await foreach (var found in _inner.ListAsync(prefix, after, cancellation))
        {
            yield return found;
            After(fault, StoreOperations.List, prefix);
        }
    }

    protected override async ValueTask<T> AroundAsync<T>(StoreOperations operation, string name, Func<ValueTask<T>> act, CancellationToken cancellation)
    {
        var fault = Draw(operation, name);
        await Before(fault, operation, name, cancellation);
        var result = await act();
        After(fault, operation, name);
        return result;
    }

    private PlannedFault? Draw(StoreOperations operation, string name)
    {
        lock (_lock)
        {
            _calls++;
            foreach (var plan in _plans)
            {
                var fault = plan.Fault;
                if ((fault.Operations & operation) == 0 || plan.Left == 0) continue;
                if (!name.StartsWith(fault.NamePrefix, StringComparison.Ordinal) || !name.Contains(fault.NamePart, StringComparison.Ordinal)) continue;
                if (fault.Probability < 1 && _random.NextDouble() >= fault.Probability) continue;
                plan.Left--;
                if (fault.Fault is not null) _struck++;
                return fault;
            }

            return null;
        }
    }

    private async ValueTask Before(PlannedFault? fault, StoreOperations operation, string name, CancellationToken cancellation)
    {
        if (fault is null) return;
        if (fault.Delay > TimeSpan.Zero) await Task.Delay(fault.Delay, time, cancellation);
        if (!fault.AfterActing) Strike(fault, operation, name);
    }

    private static void After(PlannedFault? fault, StoreOperations operation, string name)
    {
        if (fault is { AfterActing: true }) Strike(fault, operation, name);
    }

    private static void Strike(PlannedFault fault, StoreOperations operation, string name)
    {
        if (fault.Fault is { } kind) throw new StoreException(kind, $"Planned: {operation} of {name} fails ({kind}).");
    }

    private sealed class Planned(PlannedFault fault)
    {
        public PlannedFault Fault { get; } = fault;

        /// <summary>Negative for ever.</summary>
        public int Left { get; set; } = fault.Times ?? -1;
    }
}
