namespace Ingest.Core.Pool.Delta;

/// <summary>
/// Which topic of a name a table has read, by the id that brokers from 2.8 on give each topic for life. It stands in the log as a <c>txn</c> of its own, so it outlives checkpoints, clean-up
/// and other engines like the offsets do: <c>ingest-topic/source/topic/id</c>, whose version says which of several ids counts. Without an id from the broker there is none.
/// </summary>
public static class TopicPin
{
    private const string Prefix = "ingest-topic/";

    /// <summary>The id under which the table read the topic; null when it never knew one.</summary>
    /// <param name="appId">Under which the offsets of any partition of the topic are stored (<see cref="AppId.For"/>).</param>
    public static string? Of(Snapshot table, string appId) => Find(table, PrefixOf(appId)).Id;

    /// <summary>What makes the table know the topic by an id from now on; null when it does already.</summary>
    public static LogAction.Txn? Action(Snapshot table, string appId, string id, long timestamp)
    {
        var prefix = PrefixOf(appId);
        var (known, ordinal) = Find(table, prefix);
        return known == id ? null : new LogAction.Txn(prefix + id, ordinal + 1, timestamp);
    }

    private static string PrefixOf(string appId) =>
        AppId.TryParse(appId, out var sourceName, out var source) ? $"{Prefix}{sourceName}/{source.Topic}/" : throw new ArgumentException($"'{appId}' names no partition.", nameof(appId));

    private static (string? Id, long Ordinal) Find(Snapshot table, string prefix)
    {
        (string? Id, long Ordinal) last = (null, 0);
        foreach (var (appId, ordinal) in table.Txns)
        {
            if (ordinal > last.Ordinal && appId.StartsWith(prefix, StringComparison.Ordinal)) last = (appId[prefix.Length..], ordinal);
        }

        return last;
    }
}
