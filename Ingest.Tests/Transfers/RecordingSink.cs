using System.Text;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Transfers;

/// <summary>
/// A sink that writes down what it is told, checks that ranges touch, and starts each assignment where the last accepted chunk ended, as the tables would.
/// </summary>
internal sealed class RecordingSink : ITransferSink
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TopicPartition, long> _next = [];
    private readonly Dictionary<TopicPartition, SortedDictionary<long, string>> _received = [];
    private readonly Dictionary<TopicPartition, CommitRight> _rights = [];
    private readonly Dictionary<TopicPartition, long> _ends = [];
    private readonly List<TransferChunk> _kept = [];
    private readonly List<string> _events = [];

    /// <summary>Disposes chunks at once; when false they stay in the budget until <see cref="ReleaseKept"/>.</summary>
    public bool Releases { get; set; } = true;

    public bool WantsTransfers { get; set; } = true;

    public Func<TransferChunk, bool> Accepts { get; set; } = _ => true;

    public Func<PartitionBounds, long>? StartAt { get; set; }

    /// <summary>Partitions that are left halted when they come.</summary>
    public Func<TopicPartition, bool> Halts { get; set; } = _ => false;

    public string? Fault { get; private set; }

    public int Doubled { get; private set; }

    public int Count
    {
        get { lock (_lock) return _received.Values.Sum(p => p.Count); }
    }

    public IReadOnlyList<string> Events
    {
        get { lock (_lock) return [.. _events]; }
    }

    public int AssignedCount
    {
        get { lock (_lock) return _rights.Count; }
    }

    public CommitRight RightOf(TopicPartition source)
    {
        lock (_lock) return _rights[source];
    }

    public bool HoldsRight(TopicPartition source)
    {
        lock (_lock) return _rights.ContainsKey(source);
    }

    public long NextOf(TopicPartition source)
    {
        lock (_lock) return _next.GetValueOrDefault(source);
    }

    public long EndOf(TopicPartition source)
    {
        lock (_lock) return _ends.GetValueOrDefault(source, -1);
    }

    public IReadOnlyList<string> PayloadsOf(TopicPartition source)
    {
        lock (_lock) return _received.TryGetValue(source, out var all) ? [.. all.Values] : [];
    }

    /// <summary>Forgets what came at or after the right's start, as an abandoned batch would.</summary>
    public CommitRight PrepareRewind(TopicPartition source, long offset)
    {
        lock (_lock)
        {
            var next = new CommitRight(source, offset);
            _rights[source] = next;
            _next[source] = offset;
            foreach (var later in _received[source].Keys.Where(o => o >= offset).ToList()) _received[source].Remove(later);
            return next;
        }
    }

    public void ReleaseKept()
    {
        lock (_lock)
        {
            foreach (var chunk in _kept) chunk.Dispose();
            _kept.Clear();
        }
    }

    public Task AssigningAsync() => Task.CompletedTask;

    public Task<IReadOnlyList<CommitRight?>> AssignedAsync(IReadOnlyList<PartitionBounds> partitions)
    {
        lock (_lock)
        {
            _events.Add($"assigned {partitions.Count}");
            return Task.FromResult<IReadOnlyList<CommitRight?>>([.. partitions.Select(bounds =>
            {
                if (Halts(bounds.Source)) return null;
                var start = StartAt?.Invoke(bounds) ?? _next.GetValueOrDefault(bounds.Source, bounds.Start);
                _next[bounds.Source] = start;
                return _rights[bounds.Source] = new CommitRight(bounds.Source, start, bounds.TopicId);
            })]);
        }
    }

    public Task RevokedAsync(IReadOnlyList<CommitRight> rights) => Leave("revoked", rights, held: true);

    public Task LostAsync(IReadOnlyList<CommitRight> rights) => Leave("lost", rights, held: false);

    public bool TryAccept(TransferChunk chunk)
    {
        lock (_lock)
        {
            if (!Accepts(chunk)) return false;
            if (chunk.Right == _rights.GetValueOrDefault(chunk.Source))
            {
                _ = new OffsetRange(0, _next[chunk.Source]).Join(chunk.Range);
                _next[chunk.Source] = chunk.Range.To;
                var received = _received.TryGetValue(chunk.Source, out var known) ? known : _received[chunk.Source] = [];
                foreach (var transfer in chunk.Transfers)
                {
                    if (transfer.Offset < chunk.Range.From || transfer.Offset >= chunk.Range.To) throw new InvalidOperationException("outside of the range");
                    if (!received.TryAdd(transfer.Offset, Encoding.UTF8.GetString(chunk.Buffer, transfer.Start, Math.Min(transfer.Length, 100)))) Doubled++;
                }
            }

            if (Releases) chunk.Dispose();
            else _kept.Add(chunk);
            return true;
        }
    }

    public void Faulted(CommitRight right, long next, PartitionBounds? held, string why) => Fault = why;

    public void EndReached(CommitRight right, long endOffset)
    {
        lock (_lock)
        {
            if (right != _rights.GetValueOrDefault(right.Source)) return;
            if (_next[right.Source] < endOffset) throw new InvalidOperationException("the end came before what lies below it");
            _ends[right.Source] = endOffset;
        }
    }

    private Task Leave(string how, IReadOnlyList<CommitRight> rights, bool held)
    {
        lock (_lock)
        {
            _events.Add($"{how} {rights.Count}");
            foreach (var right in rights)
            {
                if (right.IsHeld != held) throw new InvalidOperationException($"{how}, but IsHeld is {right.IsHeld}");
                _rights.Remove(right.Source);
            }

            return Task.CompletedTask;
        }
    }
}
