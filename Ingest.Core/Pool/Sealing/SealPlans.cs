using System.Runtime.CompilerServices;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Sealing;

/// <summary>The plans of a table, as objects in its store. At any time one may be unfinished: the newest.</summary>
internal sealed class SealPlans(IObjectStore table)
{
    /// <summary>Creates without a clear answer before sealing is put off.</summary>
    private const int CreatesMax = 5;

    private SealPlan? _newest;

    /// <summary>The newest plan; null when there is none yet.</summary>
    public async ValueTask<SealPlan?> NewestAsync(CancellationToken cancellation)
    {
        string? newest = null;
        await foreach (var found in table.ListAsync(SealPlan.Names, _newest is null ? null : SealPlan.Name(_newest.Number), cancellation))
        {
            if (SealPlan.TryParseName(found.Name, out _)) newest = found.Name;
        }

        if (newest is not null) _newest = SealPlan.Read(newest, await table.ReadAsync(newest, cancellation) ?? throw new InvalidDataException($"{newest} was listed and is not there."));
        return _newest;
    }

    /// <summary>Makes a plan the newest; false when somebody else was faster with that number.</summary>
    /// <exception cref="StoreException">The store failed, or answered several times in the dark.</exception>
    public async ValueTask<bool> CreateAsync(SealPlan plan, CancellationToken cancellation)
    {
        var content = plan.Write();
        for (var round = 1; ; round++)
        {
            StoreException? dark = null;
            try
            {
                if (await table.CreateAsync(SealPlan.Name(plan.Number), content, cancellation) == CreateOutcome.Created) break;
            }
            catch (StoreException unclear) when (unclear.Kind == StoreFault.Unknown)
            {
                // Only the object itself says whose it is.
                dark = unclear;
            }

            if (await table.ReadAsync(SealPlan.Name(plan.Number), cancellation) is not { } stored)
            {
                if (dark is not null && round == CreatesMax) throw dark;
                continue;
            }

            var isOurs = stored.AsSpan().SequenceEqual(content);
            Mutation.Set(Bug.TakesAnothersPlanForOwn, ref isOurs, true);
            if (!isOurs) return false;
            break;
        }

        // Its number was free. That means something only as long as no later plan is there: old ones are cleaned away.
        _newest = plan;
        return ReferenceEquals(await NewestAsync(cancellation), plan);
    }

    /// <summary>Notes that a name must stay taken for good, before a file without rows is put there.</summary>
    public ValueTask KeepTakenAsync(string output, CancellationToken cancellation) =>
        table.ReplaceAsync(SealPlan.Taken + output, "A file without rows takes this name for good: a plan of sealing that came to nothing had a file with rows for it."u8.ToArray(), cancellation);

    /// <summary>Takes that back: the file there has rows, and whoever wrote it may commit it.</summary>
    public ValueTask LetGoAsync(string output, CancellationToken cancellation) => table.DeleteAsync(SealPlan.Taken + output, cancellation);

    /// <summary>Names that must stay taken.</summary>
    public async IAsyncEnumerable<string> TakenAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var found in table.ListAsync(SealPlan.Taken, null, cancellation)) yield return found.Name[SealPlan.Taken.Length..];
    }

    /// <summary>Deletes plans that were finished long ago; never the newest, whose number the next one follows.</summary>
    public async ValueTask CleanAsync(DateTimeOffset olderThan, CancellationToken cancellation)
    {
        string? before = null;
        await foreach (var found in table.ListAsync(SealPlan.Names, null, cancellation))
        {
            if (before is not null) await table.DeleteAsync(before, cancellation);
            before = found.ModifiedAt < olderThan ? found.Name : null;
        }
    }
}
