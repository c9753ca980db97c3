using System.Runtime.CompilerServices;
using Ingest.Core.Stores;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// Objects of the index that no log entry names: runs of commits that were refused, of merges that were dropped, and runs that merges replaced.
/// They are never read; they only take room.
/// </summary>
public static class IndexOrphans
{
    /// <summary>Deletes orphans that were in the store before <paramref name="bornBefore"/>. Returns how many objects.</summary>
    /// <param name="valid">Names of the runs of every version of the log that may still be opened: of the newest, and of those younger.</param>
    /// <param name="bornBefore">
    /// Reckoned from a moment before <paramref name="valid"/> was read, for a process may be stopped for days after that; and further back than any commit may take from creating its run to its log entry, and than
    /// any reader holds on to a version.
    /// </param>
    /// <exception cref="StoreException">The store failed; what was deleted is deleted.</exception>
    public static async ValueTask<int> DeleteAsync(IObjectStore tableStore, IReadOnlySet<string> valid, DateTimeOffset bornBefore, CancellationToken cancellation)
    {
        var (deletes, deleted) = (new StoreDeletes(tableStore), 0);
        await foreach (var name in FindAsync(tableStore, valid, bornBefore, cancellation))
        {
            await deletes.AddAsync(name, cancellation);
            deleted++;
        }

        await deletes.CompleteAsync(cancellation);
        return deleted;
    }

    /// <summary>Whether there is anything to delete.</summary>
    /// <inheritdoc cref="DeleteAsync"/>
    public static async ValueTask<bool> AnyAsync(IObjectStore tableStore, IReadOnlySet<string> valid, DateTimeOffset bornBefore, CancellationToken cancellation)
    {
        await foreach (var _ in FindAsync(tableStore, valid, bornBefore, cancellation)) return true;
        return false;
    }

    private static async IAsyncEnumerable<string> FindAsync(
        IObjectStore tableStore, IReadOnlySet<string> valid, DateTimeOffset bornBefore, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var found in tableStore.ListAsync(IndexNames.Folder, null, cancellation))
        {
            if (found.ModifiedAt <= bornBefore && !valid.Contains(IndexNames.RunOf(found.Name))) yield return found.Name;
        }
    }
}
