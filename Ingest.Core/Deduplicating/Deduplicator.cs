using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Deduplicating;

/// <summary>
/// Says which rows of a chunk are new: not earlier in the chunk, not in a batch that is yet to be committed, not in the table. Owned by one thread.
/// </summary>
/// <remarks>
/// A key selected here is pending until its batch is committed, so that an equal record that comes meanwhile is dropped; but that drop leans on
/// the batch. When the batch is abandoned, <see cref="AbandonAll"/> forgets all pending keys and everything not committed is read again.
/// Identity mode: a row with a known key is a duplicate when its content is that of the row that has the key, else a conflict. Content mode
/// knows no conflicts: the key is the content.
/// </remarks>
public sealed class Deduplicator(DatasetPlan plan, TableIndex index) : IDisposable
{
    private const byte New = 1;
    private const byte Conflict = 2;

    private readonly bool _hasContents = plan.Dedup.Mode == DedupMode.Identity;
    private readonly PendingKeys _pending = new(plan.Dedup.Mode == DedupMode.Identity);
    private readonly KeySorter _sorter = new();
    private int[] _rows = [];
    private UInt128[] _keys = [];
    private UInt128[] _holders = [];
    private bool[] _present = [];
    private int[] _starts = [];
    private byte[] _verdicts = [];

    /// <summary>Keys selected but not yet committed.</summary>
    public int PendingCount => _pending.Count;

    /// <summary>Memory held by pending keys, in bytes.</summary>
    public long ResidentBytes => _pending.ResidentBytes;

    /// <summary>Gives a verdict on each row that is not refused. The selected ones become pending in the open generation.</summary>
    /// <exception cref="IndexDamagedException">The index cannot be trusted; no row of this chunk may be written.</exception>
    public void Select(NormalizedRecords records, Selection into)
    {
        into.Clear(records.Count);
        var together = Math.Min(records.Count, IndexSizes.ProbeKeysMax);
        if (_rows.Length < together) _rows = new int[Math.Min(IndexSizes.ProbeKeysMax, Math.Max(together, _rows.Length * 2))];
        if (_verdicts.Length < records.Count) _verdicts = new byte[Math.Max(records.Count, _verdicts.Length * 2)];
        for (var row = 0; row < records.Count;)
        {
            var count = 0;
            for (; row < records.Count && count < together; row++)
            {
                if (records.Refused[row] == 0) _rows[count++] = row;
            }

            if (count > 0) SelectRows(records, _rows.AsSpan(0, count), into);
        }
    }

    /// <summary>Closes the open generation with the batch that its keys go with, and begins the next. Returns its number.</summary>
    public int Seal() => _pending.Seal();

    /// <summary>The batch of this generation is committed and the index holds its run: its keys are no longer pending.</summary>
    public void Committed(int generation) => _pending.Drop(generation);

    /// <summary>Forgets all pending keys of all generations: none of their batches will be committed.</summary>
    public void AbandonAll() => _pending.DropAll();

    public void Dispose() => _sorter.Dispose();

    private void SelectRows(NormalizedRecords records, ReadOnlySpan<int> rows, Selection into)
    {
        _sorter.Sort(records.Keys, rows);
        var distinct = Distinct(_sorter.Keys);
        var keys = _keys.AsSpan(0, distinct);
        var present = _present.AsSpan(0, distinct);
        var holders = _hasContents ? _holders.AsSpan(0, distinct) : [];
        present.Clear();
        _pending.Probe(keys, present, holders);
        index.Probe(keys, present, holders);

        var order = _sorter.Rows;
        for (var i = 0; i < distinct; i++) Judge(records, i, order[_starts[i].._starts[i + 1]]);
        Collect(rows, into);
    }

    /// <summary>Lists each key once, with where its rows start among the sorted.</summary>
    private int Distinct(ReadOnlySpan<UInt128> sorted)
    {
        if (_keys.Length < sorted.Length)
        {
            _keys = new UInt128[sorted.Length];
            _present = new bool[sorted.Length];
            _starts = new int[sorted.Length + 1];
            if (_hasContents) _holders = new UInt128[sorted.Length];
        }

        var count = 0;
        for (var i = 0; i < sorted.Length; i++)
        {
            if (i > 0 && sorted[i] == sorted[i - 1]) continue;
            _keys[count] = sorted[i];
            _starts[count++] = i;
        }

        _starts[count] = sorted.Length;
        return count;
    }

    /// <summary>Gives the verdict on all rows of one key, first come first: the first row of an unknown key is new and holds it from now on.</summary>
    private void Judge(NormalizedRecords records, int key, ReadOnlySpan<int> rows)
    {
        if (!_present[key])
        {
            var first = rows[0];
            if (_hasContents) _holders[key] = records.Contents[first];
            _pending.Add(_keys[key], _hasContents ? records.Contents[first] : 0);
            _verdicts[first] = New;
            rows = rows[1..];
        }

        foreach (var row in rows) _verdicts[row] = _hasContents && records.Contents[row] != _holders[key] ? Conflict : (byte)0;
    }

    private void Collect(ReadOnlySpan<int> rows, Selection into)
    {
        var (before, conflicts) = (into.Count, into.Conflicts.Count);
        var count = before;
        foreach (var row in rows)
        {
            var verdict = _verdicts[row];
            into.Rows[count] = row;
            if (verdict == New) count++;
            else if (verdict == Conflict) into.Conflicts.Add(row);
        }

        into.Count = count;
        into.Duplicates += rows.Length - (count - before) - (into.Conflicts.Count - conflicts);
    }
}
