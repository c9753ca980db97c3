using System.Collections.Concurrent;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>Spare <see cref="NormalizedChunk"/>s. Topics with the same datasets share them, so that 59 departments cost no more than a dozen datasets. What is spare is accounted for in the budget.</summary>
internal sealed class NormalizedChunkPool(ByteBudget budget)
{
    // About as many as are on their way between decoding and the control loop at full speed; spares beyond that are left to the collector.
    private const int SparesMax = 12;

    // A spare of a usual chunk of 1 MiB. One that a huge transfer has blown up is not kept: it would hold its size for ever.
    private const long SpareBytesMax = 8 << 20;

    // All spares together, of a sixteenth of the budget.
    private readonly long _sparesBytesMax = budget.TotalBytes / 16;

    private readonly ConcurrentDictionary<string, ConcurrentQueue<NormalizedChunk>> _spares = new(StringComparer.Ordinal);
    private long _sparesBytes;

    /// <summary>Topics with the same shape can use each other's buffers.</summary>
    public static string ShapeOf(TopicPlan topic) => string.Join('\n', topic.Datasets.Select(d => d.Plan.Name));

    public NormalizedChunk Rent(TopicPlan topic, string shape)
    {
        if (!_spares.TryGetValue(shape, out var spares) || !spares.TryDequeue(out var chunk)) return new NormalizedChunk(topic);
        Account(-chunk.ResidentBytes);
        chunk.Topic = topic;
        return chunk;
    }

    public void Return(NormalizedChunk chunk)
    {
        var bytes = chunk.ResidentBytes;
        var spares = _spares.GetOrAdd(ShapeOf(chunk.Topic), _ => new ConcurrentQueue<NormalizedChunk>());
        if (spares.Count >= SparesMax || bytes > SpareBytesMax || Interlocked.Read(ref _sparesBytes) + bytes > _sparesBytesMax) return;
        Account(bytes);
        spares.Enqueue(chunk);
    }

    private void Account(long bytes)
    {
        Interlocked.Add(ref _sparesBytes, bytes);
        budget.Keep(bytes);
    }
}
