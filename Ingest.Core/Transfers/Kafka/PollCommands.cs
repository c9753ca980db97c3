namespace Ingest.Core.Transfers.Kafka;

/// <summary>What other threads ask of the poll thread, until it takes it. At most one wish of a kind a partition: the latest.</summary>
internal sealed class PollCommands
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TopicPartition, (CommitRight Old, CommitRight? Next)> _moves = [];
    private readonly Dictionary<TopicPartition, (CommitRight Right, long NextOffset)> _progress = [];
    private volatile bool _hasMoves;

    public void Rewind(CommitRight old, CommitRight next)
    {
        lock (_lock)
        {
            // A second rewind before the first was carried out starts from the right that the poll thread knows.
            var known = _moves.TryGetValue(old.Source, out var waiting) && waiting.Next == old ? waiting.Old : old;
            _moves[old.Source] = (known, next);
            _hasMoves = true;
        }
    }

    public void Halt(CommitRight right)
    {
        lock (_lock)
        {
            var known = _moves.TryGetValue(right.Source, out var waiting) && waiting.Next == right ? waiting.Old : right;
            _moves[right.Source] = (known, null);
            _hasMoves = true;
        }
    }

    public void ReportProgress(CommitRight right, long nextOffset)
    {
        lock (_lock) _progress[right.Source] = (right, nextOffset);
    }

    /// <summary>Rewinds, and halts as those without a next right.</summary>
    public List<(CommitRight Old, CommitRight? Next)> TakeMoves()
    {
        if (!_hasMoves) return [];
        lock (_lock)
        {
            _hasMoves = false;
            List<(CommitRight, CommitRight?)> taken = [.. _moves.Values];
            _moves.Clear();
            return taken;
        }
    }

    public List<(CommitRight Right, long NextOffset)> TakeProgress()
    {
        lock (_lock)
        {
            List<(CommitRight, long)> taken = [.. _progress.Values];
            _progress.Clear();
            return taken;
        }
    }
}
