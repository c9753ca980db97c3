using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// Applies entries to a snapshot. Removed files carry no counts of rows, so from the first removal by another engine on the live files are kept, to say
/// what went. Tables that only we write to never pay for that: our own rewrites conserve rows, and say so.
/// </summary>
internal sealed class RemovedFiles(IObjectStore table)
{
    private Dictionary<string, LogAction.Add>? _live;

    public async ValueTask<Snapshot> ApplyAsync(Snapshot before, LogEntry entry, CancellationToken cancellation)
    {
        if (_live is null && entry.Actions.Any(a => a is LogAction.Remove) && !entry.Actions.Any(a => a is LogAction.Info { Content.Conservation.Holds: true }))
            _live = new Dictionary<string, LogAction.Add>(await LogReader.LiveFilesAsync(table, before.Version, cancellation), StringComparer.Ordinal);
        if (_live is null) return before.Apply(entry.Version, entry.Actions) with { EntryHash = entry.Hash };

        var after = before.Apply(entry.Version, entry.Actions, path => _live.GetValueOrDefault(path)) with { EntryHash = entry.Hash };
        foreach (var action in entry.Actions)
        {
            if (action is LogAction.Add add) _live[add.Path] = add;
            else if (action is LogAction.Remove remove) _live.Remove(remove.Path);
        }

        return after;
    }

    /// <summary>Lets go of the list; the next removal reads it again.</summary>
    public void Forget() => _live = null;
}
