using Ingest.Core.Stores;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// Objects of the index that no log entry names: runs of commits that were refused, of merges that were dropped, and runs that merges replaced.
/// They are never read; they only take room.
/// </summary>
public static class IndexOrphans
{
    /// <summary>Deletes orphans that have been in the store for <paramref name="ageMin"/>. Returns how many objects.</summary>
    /// <param name="valid">Names of the runs of every version of the log that may still be opened: of the newest, and of those younger than the age.</param>
    /// <param name="ageMin">Longer than any commit may take from creating its run to its log entry, and than any reader holds on to a version.</param>
    /// <exception cref="StoreException">The store failed; what was deleted is deleted.</exception>
    public static async ValueTask<int> DeleteAsync(IObjectStore tableStore, IReadOnlySet<string> valid, TimeSpan ageMin, TimeProvider time, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ageMin, TimeSpan.Zero);
        var bornBefore = time.GetUtcNow() - ageMin;
        var deleted = 0;
        await foreach (var found in tableStore.ListAsync(IndexNames.Folder, null, cancellation))
        {
            if (found.ModifiedAt > bornBefore || valid.Contains(IndexNames.RunOf(found.Name))) continue;
            await tableStore.DeleteAsync(found.Name, cancellation);
            deleted++;
        }

        return deleted;
    }
}
