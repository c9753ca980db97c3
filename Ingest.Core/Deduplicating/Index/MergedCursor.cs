namespace Ingest.Core.Deduplicating.Index;

/// <summary>The keys of several runs in one ascending order. A heap of the runs' next keys, compared by their high halves; only equal halves need the whole keys.</summary>
internal sealed class MergedCursor
{
    private readonly string _name;
    private readonly RunCursor[] _cursors;
    private readonly ulong[] _heads;
    private int _open;
    private UInt128 _last;
    private long _taken;

    /// <param name="name">Of the run that is made, for messages.</param>
    public MergedCursor(IReadOnlyList<RunReader> runs, string name)
    {
        _name = name;
        _cursors = [.. runs.Select(r => new RunCursor(r)).Where(c => c.MoveNext())];
        _heads = [.. _cursors.Select(c => KeyHalf.High(c.Key))];
        _open = _cursors.Length;
        for (var at = (_open / 2) - 1; at >= 0; at--) Sink(at);
    }

    /// <summary>Moves on by up to <paramref name="keysMax"/> keys; false at the end.</summary>
    /// <exception cref="IndexDamagedException">A run is damaged, or two hold the same key.</exception>
    public bool CopyTo(RunBuilder builder, int keysMax)
    {
        for (var copied = 0; copied < keysMax; copied++)
        {
            if (_open == 0) return false;
            var cursor = _cursors[0];
            var key = cursor.Key;
            if (key == _last && _taken > 0) throw new IndexDamagedException(_name, $"key {key:x32} stands in two of the runs being merged, so a row is doubled.");
            (_last, _taken) = (key, _taken + 1);
            builder.Add(key, cursor.Content);
            if (cursor.MoveNext())
            {
                _heads[0] = KeyHalf.High(cursor.Key);
            }
            else
            {
                _open--;
                (_cursors[0], _heads[0]) = (_cursors[_open], _heads[_open]);
            }

            Sink(0);
        }

        return true;
    }

    private void Sink(int at)
    {
        while (true)
        {
            var child = (2 * at) + 1;
            if (child >= _open) return;
            if (child + 1 < _open && IsBelow(child + 1, child)) child++;
            if (!IsBelow(child, at)) return;
            (_cursors[at], _cursors[child]) = (_cursors[child], _cursors[at]);
            (_heads[at], _heads[child]) = (_heads[child], _heads[at]);
            at = child;
        }
    }

    private bool IsBelow(int a, int b) => _heads[a] < _heads[b] || (_heads[a] == _heads[b] && _cursors[a].Key < _cursors[b].Key);
}
