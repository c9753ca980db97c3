namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// The keys of several runs in one ascending order: a tournament whose losers are kept, so that the next key costs one comparison a level, on the path of
/// the run that won last. Keys are compared by their high halves; only equal halves need the whole keys.
/// </summary>
internal sealed class MergedCursor
{
    private readonly string _name;
    private readonly RunCursor[] _cursors;

    /// <summary>High half of the next key of each run; the highest once it has none, and for the runs that fill up to a power of two.</summary>
    private readonly ulong[] _heads;

    /// <summary>By node, the run that lost there. Node n has the nodes 2n and 2n + 1 below it; the runs stand below the last level.</summary>
    private readonly int[] _losers;

    private int _winner;
    private int _open;
    private UInt128 _last;
    private long _taken;

    /// <param name="name">Of the run that is made, for messages.</param>
    public MergedCursor(IReadOnlyList<RunReader> runs, string name)
    {
        _name = name;
        _cursors = [.. runs.Select(r => new RunCursor(r)).Where(c => c.MoveNext())];
        _open = _cursors.Length;
        var leaves = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, _open));
        _heads = new ulong[leaves];
        _losers = new int[leaves];
        Array.Fill(_heads, ulong.MaxValue);
        for (var run = 0; run < _open; run++) _heads[run] = KeyHalf.High(_cursors[run].Key);
        _winner = leaves == 1 ? 0 : Play(1);
    }

    /// <summary>Fills the spans with the next keys, and with their contents where the runs have any; fewer only at the end.</summary>
    /// <returns>How many; 0 when there are no more.</returns>
    /// <exception cref="IndexDamagedException">A run is damaged, or two hold the same key.</exception>
    public int Take(Span<UInt128> keys, Span<UInt128> contents)
    {
        var count = 0;
        for (; count < keys.Length && _open > 0; count++)
        {
            var cursor = _cursors[_winner];
            ref readonly var key = ref cursor.Key;
            if (key == _last && _taken > 0) throw new IndexDamagedException(_name, $"key {key:x32} stands in two of the runs being merged, so a row is doubled.");
            keys[count] = _last = key;
            _taken++;
            if (!contents.IsEmpty) contents[count] = cursor.Content;
            if (cursor.MoveNext())
            {
                _heads[_winner] = KeyHalf.High(cursor.Key);
            }
            else
            {
                _heads[_winner] = ulong.MaxValue;
                _open--;
            }

            Replay();
        }

        return count;
    }

    private void Replay()
    {
        var (heads, losers, winner) = (_heads, _losers, _winner);
        for (var node = (heads.Length + winner) >> 1; node > 0; node >>= 1)
        {
            var other = losers[node];
            var isBelow = heads[other] < heads[winner] || (heads[other] == heads[winner] && IsWhollyBelow(other, winner));
            losers[node] = isBelow ? winner : other;
            winner = isBelow ? other : winner;
        }

        _winner = winner;
    }

    /// <summary>Plays all games below a node; returns who wins there.</summary>
    private int Play(int node)
    {
        if (node >= _heads.Length) return node - _heads.Length;
        var (a, b) = (Play(2 * node), Play((2 * node) + 1));
        var isBelow = _heads[b] < _heads[a] || (_heads[b] == _heads[a] && IsWhollyBelow(b, a));
        _losers[node] = isBelow ? a : b;
        return isBelow ? b : a;
    }

    private bool IsWhollyBelow(int a, int b)
    {
        if (!IsOpen(a)) return false;
        return !IsOpen(b) || _cursors[a].Key < _cursors[b].Key;
    }

    private bool IsOpen(int run) => run < _cursors.Length && !_cursors[run].IsAtEnd;
}
