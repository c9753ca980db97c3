using Ingest.Core.Transfers;

namespace Ingest.Core.Pool.Delta;

/// <summary>Names of <c>txn</c> actions: one a topic-partition of one Kafka cluster. The version of the action is the next offset.</summary>
public static class AppId
{
    private const string Prefix = "ingest/";
    private const string ReplaySuffix = "+replay";

    /// <param name="sourceName">The cluster's name in the ledger; without '/'.</param>
    public static string For(string sourceName, TopicPartition source) => $"{Prefix}{sourceName}/{source.Topic}/{source.Partition}";

    /// <summary>Under which name rows that came by a replay of the quarantine are accounted: their offsets count these rows, topic by topic.</summary>
    public static string Replay(string sourceName) => sourceName + ReplaySuffix;

    public static bool IsReplay(string appId) => TryParse(appId, out var sourceName, out _) && sourceName.EndsWith(ReplaySuffix, StringComparison.Ordinal);

    /// <summary>Takes an id of ours apart; false for those of other writers. Kafka allows no '/' in topic names.</summary>
    public static bool TryParse(string appId, out string sourceName, out TopicPartition source)
    {
        var parts = appId.Split('/');
        if (parts is ["ingest", var name, var topic, var number] && int.TryParse(number, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var partition))
        {
            (sourceName, source) = (name, new TopicPartition(topic, partition));
            return true;
        }

        (sourceName, source) = ("", default);
        return false;
    }
}
