using Ingest.Core;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Chaos.Harness;

/// <summary>How far the table is, by its log: read once, and then entry by entry as they come.</summary>
internal sealed class ChaosTable(string pool)
{
    public const string Name = "chaos";

    private readonly PrefixedStore _log = new(new LocalStore(pool, IdSource.System), Name);
    private readonly Dictionary<TopicPartition, long> _offsets = [];
    private long _version = -1;

    /// <summary>Transfers over all partitions.</summary>
    public long Transfers => _offsets.Values.Sum();

    public static string Contract(string topicPrefix) =>
        $"dataset: {Name}\ntopics:\n" +
        string.Concat(Enumerable.Range(0, ChaosSetting.Topics).Select(t => $"  - {{ topic: {topicPrefix}{t}, department: d }}\n")) +
        """
        format: json
        time_zone: Asia/Shanghai
        event_date: at
        columns:
          - { name: id, type: long, required: true }
          - { name: owner, type: string }
          - { name: at, type: date, required: true }

        """;

    /// <summary>Reads what was committed since.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (var (version, actions) in LogReader.EntriesAsync(_log, _version + 1, cancellation).ConfigureAwait(false))
            {
                _version = version;
                foreach (var txn in actions.OfType<LogAction.Txn>())
                {
                    if (AppId.TryParse(txn.AppId, out _, out var source)) _offsets[source] = txn.Version;
                }
            }
        }
        catch (StoreException)
        {
            // The disk is being hurt: next time.
        }
    }

    public bool Has(IReadOnlyDictionary<TopicPartition, long> ends) => ends.All(e => _offsets.GetValueOrDefault(e.Key) >= e.Value);

    /// <summary>Partitions that lack something, with where they are and where they should be.</summary>
    public string Missing(IReadOnlyDictionary<TopicPartition, long> ends) =>
        $"the table is at version {_version}; " + string.Join(", ", ends.Where(e => _offsets.GetValueOrDefault(e.Key) < e.Value).OrderBy(e => e.Key).Select(e => $"{e.Key} is at {_offsets.GetValueOrDefault(e.Key)} of {e.Value}"));
}
