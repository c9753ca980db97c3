using Ingest.Core.Stores;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// Runs in the store: one object, or, beyond <see cref="IndexSizes.PartBytes"/>, numbered parts that make the file when put end to end. A run
/// counts only when a log entry names it, so parts that were created before a crash are orphans like any other.
/// </summary>
internal static class RunObjects
{
    /// <summary>Creates the object or objects of a run from its local file.</summary>
    /// <exception cref="IndexDamagedException">The file is not as large as the run.</exception>
    /// <exception cref="IOException">The store (as <see cref="StoreException"/>) failed; some parts may be there.</exception>
    public static async ValueTask CreateAsync(IObjectStore store, string path, RunDescriptor run, CancellationToken cancellation)
    {
        var file = new MappedFile(path, run.Name, run.Bytes);
        try
        {
            await CreateAsync(store, file, run, cancellation);
        }
        catch
        {
            file.LeaveToReaders();
            throw;
        }

        file.Dispose();
    }

    private static async ValueTask CreateAsync(IObjectStore store, MappedFile file, RunDescriptor run, CancellationToken cancellation)
    {
        if (file.Length <= IndexSizes.PartBytes)
        {
            await CreateAsync(store, IndexNames.Run(run.Name), file.Memory(0, (int)file.Length), cancellation);
            return;
        }

        var part = 0;
        for (var offset = 0L; offset < file.Length; offset += IndexSizes.PartBytes)
        {
            var bytes = (int)Math.Min(IndexSizes.PartBytes, file.Length - offset);
            await CreateAsync(store, IndexNames.Part(run.Name, part++), file.Memory(offset, bytes), cancellation);
        }
    }

    /// <summary>Writes the whole run into <paramref name="destination"/>; false when it, or its first part, is not there.</summary>
    /// <exception cref="IndexDamagedException">A later part is missing.</exception>
    public static async ValueTask<bool> CopyToAsync(IObjectStore store, RunDescriptor run, Stream destination, CancellationToken cancellation)
    {
        if (await store.CopyToAsync(IndexNames.Run(run.Name), destination, cancellation)) return true;
        for (var part = 0; destination.Position < run.Bytes; part++)
        {
            if (await store.CopyToAsync(IndexNames.Part(run.Name, part), destination, cancellation)) continue;
            if (part == 0) return false;
            throw new IndexDamagedException(run.Name, $"part {part} is missing from the store.");
        }

        return true;
    }

    private static async ValueTask CreateAsync(IObjectStore store, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        if (await store.CreateUniqueAsync(name, content, cancellation) == CreateOutcome.Created) return;
        // The name is ours alone, so this is our own object, of an attempt whose answer was lost.
        if (await store.SizeAsync(name, cancellation) != content.Length)
            throw new IOException($"'{name}' exists in the store with another size than the one being created, although its name is unique.");
    }
}
