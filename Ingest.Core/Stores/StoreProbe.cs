namespace Ingest.Core.Stores;

/// <summary>
/// Tries at start whether the store keeps the promise that everything rests on: of several creators of a name one wins, and nothing is
/// overwritten. Some S3-compatible stores accept the condition and ignore it.
/// </summary>
public static class StoreProbe
{
    private const string Folder = "_probe";

    private const int Racers = 8;
    private const int Rounds = 3;
    private const int TriesMax = 5;

    /// <summary>Creates, re-creates, reads and deletes a few small objects under <c>_probe/</c>.</summary>
    /// <returns>Why the store must not be used, or null when it may.</returns>
    /// <exception cref="StoreException">The store does not answer, so nothing is known.</exception>
    public static async ValueTask<string?> RunAsync(IObjectStore store, IdSource ids, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                if (await Try(store, $"{Folder}/{ids.Next():N}-again", CreateTwice, cancellation) is { } twice) return twice;
                for (var round = 0; round < Rounds; round++)
                {
                    if (await Try(store, $"{Folder}/{ids.Next():N}-race", Race, cancellation) is { } raced) return raced;
                }

                return null;
            }
            catch (StoreException unclear) when (unclear.Kind == StoreFault.Unknown && tries < TriesMax)
            {
                // An answer was lost, so this try proves nothing: again, with other names.
            }
        }
    }

    private static async ValueTask<string?> Try(IObjectStore store, string name, Func<IObjectStore, string, CancellationToken, ValueTask<string?>> test, CancellationToken cancellation)
    {
        try
        {
            return await test(store, name, cancellation);
        }
        finally
        {
            await store.DeleteAsync(name, cancellation);
        }
    }

    private static async ValueTask<string?> CreateTwice(IObjectStore store, string name, CancellationToken cancellation)
    {
        byte[] first = "first"u8.ToArray(), second = "second"u8.ToArray();
        if (await store.CreateAsync(name, first, cancellation) != CreateOutcome.Created)
            return $"The store says that the new object {name} exists already. {Advice}";
        if (await store.CreateAsync(name, second, cancellation) != CreateOutcome.AlreadyExists)
            return $"The store let a second create of {name} pass, so two workers could both commit the same version. {Advice}";
        var stored = await store.ReadAsync(name, cancellation);
        if (stored is null) return $"The store does not show the object {name} right after creating it. {Advice}";
        return first.AsSpan().SequenceEqual(stored)
            ? null
            : $"The store refused a second create of {name} but changed its content all the same. {Advice}";
    }

    private static async ValueTask<string?> Race(IObjectStore store, string name, CancellationToken cancellation)
    {
        byte[][] contents = [.. Enumerable.Range(0, Racers).Select(i => new[] { (byte)i })];
        var outcomes = await Task.WhenAll(contents.Select(c => store.CreateAsync(name, c, cancellation).AsTask()));
        var winners = outcomes.Count(o => o == CreateOutcome.Created);
        if (winners != 1) return $"Of {Racers} creates of {name} at the same time {winners} were told that they won. {Advice}";
        var stored = await store.ReadAsync(name, cancellation);
        return stored is not null && contents[Array.IndexOf(outcomes, CreateOutcome.Created)].AsSpan().SequenceEqual(stored)
            ? null
            : $"Of {Racers} creates of {name} at the same time the store kept one that it said had lost. {Advice}";
    }

    private const string Advice =
        "Commits need a create that fails when the name is taken (S3 and Azure: If-None-Match; Alibaba OSS: x-oss-forbid-overwrite, which versioned buckets ignore; files: hard links), " +
        "or two workers lose each other's rows. Use another store or bucket; or, if one process alone ever writes to this pool, set Ingest:Store:SingleWriter=true.";
}
