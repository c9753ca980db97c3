using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Delta;

/// <summary>Where reading of a log may begin.</summary>
internal static class LogStart
{
    /// <summary>
    /// Versions of checkpoints at or before a version, best first: the one that the hint names, then all that are listed, newest first. The caller
    /// takes the first that it can read; where none is left, it reads from entry 0.
    /// </summary>
    public static async IAsyncEnumerable<long> CandidatesAsync(
        IObjectStore table, long atMost, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var hint = await LogReader.CheckpointHintAsync(table, cancellation);
        if (hint <= atMost) yield return hint.Value;

        // The hint is lost, too new, or names a checkpoint that is damaged: the log's folder is listed, which is slow where it is large.
        var found = new List<long>();
        await foreach (var item in table.ListAsync(LogNames.Folder, null, cancellation))
        {
            if (LogNames.TryParseCheckpoint(item.Name, out var version) && version <= atMost && version != hint) found.Add(version);
        }

        for (var i = found.Count - 1; i >= 0; i--) yield return found[i];
    }
}
