using System.Text.RegularExpressions;
using Confluent.Kafka;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// Listens to what the client says of topics that have another id than before: deleted, and created anew. Of a fetch that is refused for that (UNKNOWN_TOPIC_ID) it tells nobody: it asks for the new id, and
/// reads on from the offset where it stood. Only its debug lines of metadata say so, and before it fetches anything by the new id.
/// </summary>
internal sealed partial class TopicNews
{
    /// <summary>The client's property <c>debug</c> that lets it say so: some lines each time that brokers tell it who leads what, twice a minute.</summary>
    public const string Debug = "metadata";

    private const string Facility = "METADATA";

    private readonly Lock _lock = new();
    private Dictionary<string, string> _changed = [];
    private volatile bool _isNew;

    /// <summary>There is something to <see cref="Take"/>. It is told before the first message of the new topic arrives.</summary>
    public bool IsNew => _isNew;

    /// <summary>A line of the client's log, from any of its threads.</summary>
    public void Hear(LogMessage line)
    {
        if (line.Facility != Facility || Changed().Match(line.Message) is not { Success: true } news) return;
        lock (_lock) _changed[news.Groups["topic"].Value] = TopicIds.UrlSafe(news.Groups["id"].Value);
        _isNew = true;
    }

    /// <summary>Ids as of now, by topic, of those that have another one than the client knew before.</summary>
    public IReadOnlyDictionary<string, string> Take()
    {
        lock (_lock)
        {
            var taken = _changed;
            _changed = [];
            _isNew = false;
            return taken;
        }
    }

    // Not from the id that stands for none: that is how it hears of any topic at first.
    [GeneratedRegex(@"Topic (?<topic>\S+) changed id from (?!A{22} )\S+ to (?<id>\S+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Changed();
}
