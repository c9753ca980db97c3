using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>
/// Normalizes the located records of topics with the same datasets into typed columns, column by column. Bad values are refused rows or rescued values, never exceptions. In the steady
/// state nothing is allocated for an accepted row. One for each worker and kind of topic: it is not thread-safe, and holds buffers as large as the largest value so far.
/// </summary>
public sealed class ChunkNormalizer
{
    private readonly TopicPlan _topic;
    private readonly DatasetNormalizer[] _datasets;

    /// <exception cref="ArgumentException">A column's default or constant is no value of its type.</exception>
    public ChunkNormalizer(TopicPlan topic)
    {
        _topic = topic;
        _datasets = [.. topic.Datasets.Select((d, ordinal) => new DatasetNormalizer(d.Plan, ordinal, topic.Format))];
    }

    /// <summary>
    /// Fills <paramref name="into"/> with the rows of <paramref name="decoded"/> and everything refused so far; the chunk goes over to it. Fingerprints are left to
    /// deduplication.
    /// </summary>
    public void Normalize(DecodedChunk decoded, NormalizedChunk into)
    {
        if (!ReferenceEquals(decoded.Topic, into.Topic) || !IsAlike(decoded.Topic))
            throw new ArgumentException($"The chunk is of topic {decoded.Topic.Topic}, the target of {into.Topic.Topic}, but the plan of topics like {_topic.Topic}.", nameof(decoded));
        into.Reset(decoded.Chunk);
        into.Rejections.AddRange(decoded.Rejections);
        var buffer = decoded.Chunk.Buffer;
        for (var d = 0; d < _datasets.Length; d++) _datasets[d].Normalize(decoded, buffer, into.Datasets[d], into.Rejections);
        if (decoded.IsAnyOver) RefuseWhole(decoded, into);
    }

    /// <summary>Transfers of which more records are refused than can be kept one by one are refused whole.</summary>
    private static void RefuseWhole(DecodedChunk decoded, NormalizedChunk into)
    {
        foreach (var records in into.Datasets)
        {
            for (var row = 0; row < records.Count; row++)
            {
                if (decoded.IsOver(records.Transfer[row])) records.Refused[row] = 1;
            }
        }

        var whole = into.Rejections.Where(r => decoded.IsOver(r.Transfer)).GroupBy(r => r.Transfer).ToDictionary(g => g.Key, g => (Count: g.Count(), g.First().Reason));
        into.Rejections.RemoveAll(r => decoded.IsOver(r.Transfer));
        foreach (var (transfer, refused) in whole) into.Rejections.Add(decoded.TooHeavy(transfer, $"{refused.Count} refusals (the first: {refused.Reason.Text()})"));
    }

    private bool IsAlike(TopicPlan topic)
    {
        if (ReferenceEquals(topic, _topic)) return true;
        if (topic.Format != _topic.Format || topic.Datasets.Length != _datasets.Length) return false;
        for (var d = 0; d < _datasets.Length; d++)
        {
            if (!ReferenceEquals(topic.Datasets[d].Plan, _topic.Datasets[d].Plan)) return false;
        }

        return true;
    }
}
