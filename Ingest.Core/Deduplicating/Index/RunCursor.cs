namespace Ingest.Core.Deduplicating.Index;

/// <summary>Walks through a run from its lowest key to its highest, a block at a time.</summary>
internal sealed class RunCursor(RunReader run)
{
    private readonly UInt128[] _keys = new UInt128[run.Geometry.KeysIn(0)];
    private readonly UInt128[] _contents = new UInt128[run.Geometry.ValueBytes > 0 ? run.Geometry.KeysIn(0) : 0];
    private long _block;
    private int _at = -1;
    private int _count;

    public ref readonly UInt128 Key => ref _keys[_at];

    public UInt128 Content => _contents.Length > 0 ? _contents[_at] : 0;

    /// <summary>Whether the last move found no more keys.</summary>
    public bool IsAtEnd { get; private set; }

    /// <summary>False at the end.</summary>
    public bool MoveNext()
    {
        if (++_at < _count) return true;
        IsAtEnd = _block == run.Geometry.Blocks;
        if (IsAtEnd) return false;
        _count = run.ReadBlock(_block++, _keys, _contents);
        _at = 0;
        return true;
    }
}
