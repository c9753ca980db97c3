using System.Collections.Concurrent;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Flow.Runtime;

/// <summary>Spare <see cref="NormalizedChunk"/>s. Topics with the same datasets share them, so that 59 departments cost no more than a dozen datasets.</summary>
internal sealed class NormalizedChunkPool
{
    // About as many as are on their way between decoding and the control loop at full speed; spares beyond that are left to the collector.
    private const int SparesMax = 16;

    // A spare of a usual chunk of 1 MiB. One that a huge transfer has blown up is not kept: it would hold its size for ever.
    private const long SpareBytesMax = 16 << 20;

    private readonly ConcurrentDictionary<string, ConcurrentQueue<NormalizedChunk>> _spares = new(StringComparer.Ordinal);

    /// <summary>Topics with the same shape can use each other's buffers.</summary>
    public static string ShapeOf(TopicPlan topic) => string.Join('\n', topic.Datasets.Select(d => d.Plan.Name));

    public NormalizedChunk Rent(TopicPlan topic, string shape)
    {
        if (!_spares.TryGetValue(shape, out var spares) || !spares.TryDequeue(out var chunk)) return new NormalizedChunk(topic);
        chunk.Topic = topic;
        return chunk;
    }

    public void Return(NormalizedChunk chunk)
    {
        var spares = _spares.GetOrAdd(ShapeOf(chunk.Topic), _ => new ConcurrentQueue<NormalizedChunk>());
        if (spares.Count < SparesMax && chunk.ResidentBytes <= SpareBytesMax) spares.Enqueue(chunk);
    }
}
