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
        while (await _work.Reader.WaitToReadAsync())
        {
            // Several workers wait for the same ticket; one gets it.
            if (!_work.Reader.TryRead(out var ticket)) continue;
            try
            {
                var topic = _catalog.Topics[ticket.Chunk.Source.Topic];
                if (!stages.TryGetValue(topic.Topic, out var stage)) stages.Add(topic.Topic, stage = new Stage(topic, _limits, stages.Values));
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

    /// <summary>What one worker needs for one topic. The scratch of located records is shared by topics of the same shape.</summary>
    private sealed class Stage
    {
        private readonly TopicPlan _topic;
        private readonly string _shape;
        private readonly ChunkDecoder _decoder;
        private readonly ChunkNormalizer _normalizer;
        private readonly Fingerprinter[] _fingerprinters;
        private readonly DecodedChunk _decoded;

        public Stage(TopicPlan topic, DecodeLimits limits, IEnumerable<Stage> others)
        {
            _topic = topic;
            _shape = NormalizedChunkPool.ShapeOf(topic);
            _decoder = new ChunkDecoder(topic, limits);
            _normalizer = new ChunkNormalizer(topic);
            _fingerprinters = [.. topic.Datasets.Select(d => new Fingerprinter(d.Plan))];
            _decoded = others.FirstOrDefault(o => o._shape == _shape)?._decoded ?? new DecodedChunk(topic);
        }

        public NormalizedChunk Run(Transfers.TransferChunk chunk, NormalizedChunkPool pool)
        {
            var normalized = pool.Rent(_topic, _shape);
            _decoded.Topic = _topic;
            _decoder.Decode(chunk, _decoded);
            _normalizer.Normalize(_decoded, normalized);
            for (var i = 0; i < _fingerprinters.Length; i++) _fingerprinters[i].Fingerprint(normalized.Datasets[i], _topic.Department);
            _decoded.Trim();
            return normalized;
        }
    }
}
