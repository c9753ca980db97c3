namespace Ingest.Core.Pool.Delta;

/// <summary>What a walk over a checkpoint's actions tells: the state that they make, and a hash over all of them.</summary>
internal sealed class CheckpointTold(long version)
{
    private const int PortionMax = 1000;

    private readonly ActionsHash _hash = new();
    private readonly List<LogAction> _portion = [];

    /// <summary>Number of actions.</summary>
    public long Actions { get; private set; }

    public Snapshot State { get; private set; } = new() { Version = version };

    public UInt128 Hash() => _hash.Value;

    /// <summary>Passes actions on and takes them in.</summary>
    public IEnumerable<LogAction> Listen(IEnumerable<LogAction> actions)
    {
        foreach (var action in actions)
        {
            _portion.Add(action);
            if (_portion.Count == PortionMax) Flush();
            yield return action;
        }

        Flush();
    }

    public void Add(IReadOnlyList<LogAction> portion)
    {
        Actions += portion.Count;
        _hash.Add(portion);
        State = State.Absorb(portion.Where(a => a is not LogAction.Remove), version, null);
    }

    private void Flush()
    {
        Add(_portion);
        _portion.Clear();
    }
}
