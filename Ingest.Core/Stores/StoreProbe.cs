namespace Ingest.Core.Stores;

/// <summary>
/// Tries at start whether the store keeps the promise that everything rests on: of several creators of a name one wins, and nothing is
/// overwritten. Some S3-compatible stores accept the condition and ignore it.
/// </summary>
public static class StoreProbe
{
    private const string Folder = "_probe";

    /// <summary>Creates, re-creates, reads and deletes a few small objects under <c>_probe/</c>.</summary>
    /// <returns>Why the store must not be used, or null when it may.</returns>
    /// <exception cref="StoreException">The store does not answer, so nothing is known.</exception>
    public static async ValueTask<string?> RunAsync(IObjectStore store, IdSource ids, CancellationToken cancellation)
    {
        var id = ids.Next().ToString("N");
        var (again, raced) = ($"{Folder}/{id}-again", $"{Folder}/{id}-race");
        try
        {
            return await CreateTwice(store, again, cancellation)
                ?? await Race(store, raced, cancellation);
        }
        finally
        {
            await store.DeleteAsync(again, cancellation);
            await store.DeleteAsync(raced, cancellation);
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
        byte[][] contents = ["left"u8.ToArray(), "right"u8.ToArray()];
        var outcomes = await Task.WhenAll(contents.Select(c => store.CreateAsync(name, c, cancellation).AsTask()));
        var winners = outcomes.Count(o => o == CreateOutcome.Created);
        if (winners != 1) return $"Of two creates of {name} at the same time {winners} were told that they won. {Advice}";
        var stored = await store.ReadAsync(name, cancellation);
        return stored is not null && contents[Array.IndexOf(outcomes, CreateOutcome.Created)].AsSpan().SequenceEqual(stored)
            ? null
            : $"Of two creates of {name} at the same time the store kept the one that it said had lost. {Advice}";
    }

    private const string Advice =
        "Commits need a create that fails when the name is taken (S3: If-None-Match, no versioning rule that ignores it; files: hard links). Use another store.";
}
