using System.Threading.Channels;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Deduplicating;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// Decoding, normalizing and fingerprinting on every core. Chunks come in by <see cref="TryStart"/> and are finished in any order;
/// their tickets keep the order. The queue is short: the byte budget is the real queue, this only couples the threads.
/// </summary>
internal sealed class DecodePump : IAsyncDisposable
{
    private readonly Channel<Ticket> _work;
    private readonly Task[] _workers;
    private readonly Catalog _catalog;
    private readonly DecodeLimits _limits;
    private readonly NormalizedChunkPool _pool;
    private readonly Signal _done;

    public DecodePump(Catalog catalog, DecodeLimits limits, NormalizedChunkPool pool, int workers, Signal done, TaskScheduler scheduler)
    {
        _catalog = catalog;
        _limits = limits;
        _pool = pool;
        _done = done;
        _work = Channel.CreateBounded<Ticket>(new BoundedChannelOptions(QueueMax) { SingleWriter = true });
        _workers = [.. Enumerable.Range(0, workers).Select(_ =>
            Task.Factory.StartNew(WorkAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap())];
    }

    /// <summary>Chunks handed over and not yet taken by a worker. Larger: more memory between intake and batches; smaller: workers idle while intake sleeps.</summary>
    public const int QueueMax = 16;

    /// <summary>False when the queue is full.</summary>
    public bool TryStart(Ticket ticket) => _work.Writer.TryWrite(ticket);

    public async ValueTask DisposeAsync()
    {
        _work.Writer.TryComplete();
        await Task.WhenAll(_workers);
    }

    private async Task WorkAsync()
    {
        var stages = new Dictionary<string, Stage>(StringComparer.Ordinal);
        var shapes = new Dictionary<string, Shape>(StringComparer.Ordinal);
        while (await _work.Reader.WaitToReadAsync())
        {
            // Several workers wait for the same ticket; one gets it.
            if (!_work.Reader.TryRead(out var ticket)) continue;
            try
            {
                var topic = _catalog.Topics[ticket.Chunk.Source.Topic];
                if (!stages.TryGetValue(topic.Topic, out var stage)) stages.Add(topic.Topic, stage = new Stage(topic, _limits, ShapeOf(topic, shapes)));
                ticket.Complete(stage.Run(ticket.Chunk, _pool));
            }
#pragma warning disable CA1031 // Bad input is a value here; what is thrown is a bug, and it is the control loop that must stop for it.
            catch (Exception bug)
#pragma warning restore CA1031
            {
                ticket.Fail(bug);
            }

            _done.Set();
        }
    }

    private static Shape ShapeOf(TopicPlan topic, Dictionary<string, Shape> shapes)
    {
        var name = NormalizedChunkPool.ShapeOf(topic);
        if (!shapes.TryGetValue(name, out var shape)) shapes.Add(name, shape = new Shape(name, topic));
        return shape;
    }

    /// <summary>What one worker needs for topics with the same datasets, whose buffers grow to the size of a chunk: 59 departments must not have 59 of each.</summary>
    private sealed class Shape(string name, TopicPlan topic)
    {
        public string Name => name;

        public DecodedChunk Decoded { get; } = new(topic);

        public ChunkNormalizer Normalizer { get; } = new(topic);

        public Fingerprinter[] Fingerprinters { get; } = [.. topic.Datasets.Select(d => new Fingerprinter(d.Plan))];
    }

    /// <summary>What one worker needs for one topic: its decoder learns the order of the sender's fields.</summary>
    private sealed class Stage(TopicPlan topic, DecodeLimits limits, Shape shape)
    {
        private readonly ChunkDecoder _decoder = new(topic, limits);

        public NormalizedChunk Run(Transfers.TransferChunk chunk, NormalizedChunkPool pool)
        {
            var normalized = pool.Rent(topic, shape.Name);
            var decoded = shape.Decoded;
            decoded.Topic = topic;
            _decoder.Decode(chunk, decoded);
            shape.Normalizer.Normalize(decoded, normalized);
            for (var i = 0; i < shape.Fingerprinters.Length; i++) shape.Fingerprinters[i].Fingerprint(normalized.Datasets[i], topic.Department);
            decoded.Trim();
            chunk.Lease.Resize(chunk.ResidentBytes + normalized.ResidentBytes);
            return normalized;
        }
    }
}
