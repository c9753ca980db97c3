using System.Runtime.InteropServices;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Deduplicating;

/// <summary>
/// Says which rows of chunks are new: not earlier in the chunk or in one before it, not in a batch that is yet to be committed, not in the table. Owned by one thread.
/// </summary>
/// <remarks>
/// A key selected here is pending until its batch is committed, so that an equal record that comes meanwhile is dropped; but that drop leans on
/// the batch. When the batch is abandoned, <see cref="AbandonAll"/> forgets all pending keys and everything not committed is read again.
/// Identity mode: a row with a known key is a duplicate when its content is that of the row that has the key, else a conflict. Content mode
/// knows no conflicts: the key is the content.
/// </remarks>
public sealed class Deduplicator(DatasetPlan plan, TableIndex index, int rowsTogether = IndexSizes.ProbeKeysMax) : IDisposable
{
    private const byte New = 1;
    private const byte Conflict = 2;

    private readonly bool _hasContents = plan.Dedup.Mode == DedupMode.Identity;
    private readonly PendingKeys _pending = new(plan.Dedup.Mode == DedupMode.Identity);
    private readonly KeySorter _sorter = new();

    // Of the rows that are looked up together: where they are, and what they are known by. Places in these are given to the sorter as rows.
    private readonly List<Part> _parts = [];
    private int _count;
    private int[] _rows = [];
    private UInt128[] _gathered = [];
    private UInt128[] _contents = [];
    private byte[] _verdicts = [];

    // Of the distinct keys among them.
    private UInt128[] _keys = [];
    private UInt128[] _holders = [];
    private bool[] _present = [];
    private int[] _starts = [];

    /// <summary>How many rows each of several tables should look up together, so that their buffers, some 80 bytes a row that nobody else counts, stay small with many tables, too.</summary>
    public static int RowsTogether(int tables) => Math.Clamp(IndexSizes.ProbeKeysMax / Math.Max(1, tables), IndexSizes.ProbeKeysMax / 16, IndexSizes.ProbeKeysMax);

    /// <summary>Keys selected but not yet committed.</summary>
    public int PendingCount => _pending.Count;

    /// <summary>Memory held by pending keys, in bytes.</summary>
    public long ResidentBytes => _pending.ResidentBytes;

    /// <summary>Gives a verdict on each row that is not refused. The selected ones become pending in the open generation.</summary>
    /// <exception cref="IndexDamagedException">The index cannot be trusted; no row of this chunk may be written.</exception>
    public void Select(NormalizedRecords records, Selection into)
    {
        into.Clear(records.Count);
        Reserve(records.Count);
        Gather(records, into);
        Judge();
    }

    /// <summary>
    /// The same for chunks that come one after another, with one lookup for all: pages of the index, which are mapped and unmapped again, and lines of the tables in memory, are then touched once
    /// for many keys.
    /// </summary>
    /// <exception cref="IndexDamagedException">The index cannot be trusted; no row of these chunks may be written.</exception>
    public void Select(IReadOnlyList<(NormalizedRecords Records, Selection Into)> chunks)
    {
        var all = 0L;
        foreach (var (records, into) in chunks)
        {
            into.Clear(records.Count);
            all += records.Count;
        }

        Reserve(all);
        foreach (var (records, into) in chunks) Gather(records, into);
        Judge();
    }

    /// <summary>Closes the open generation with the batch that its keys go with, and begins the next. Returns its number.</summary>
    public int Seal() => _pending.Seal();

    /// <summary>The batch of this generation is committed and the index holds its run: its keys are no longer pending.</summary>
    public void Committed(int generation) => _pending.Drop(generation);

    /// <summary>Forgets all pending keys of all generations: none of their batches will be committed.</summary>
    public void AbandonAll() => _pending.DropAll();

    public void Dispose() => _sorter.Dispose();

    private void Reserve(long rows)
    {
        // Something is left of lookups that failed.
        _parts.Clear();
        _count = 0;
        var together = (int)Math.Min(rows, rowsTogether);
        if (_rows.Length >= together) return;
        together = Math.Min(rowsTogether, Math.Max(together, _rows.Length * 2));
        _rows = new int[together];
        _gathered = new UInt128[together];
        _verdicts = new byte[together];
        if (_hasContents) _contents = new UInt128[together];
    }

    /// <summary>Adds the rows that are not refused to those that are looked up together, and looks these up whenever they are as many as may be.</summary>
    private void Gather(NormalizedRecords records, Selection into)
    {
        var from = _count;
        for (var row = 0; row < records.Count; row++)
        {
            if (records.Refused[row] != 0) continue;
            if (_count == _rows.Length)
            {
                _parts.Add(new Part(into, from, _count));
                Judge();
                from = 0;
            }

            _rows[_count] = row;
            _gathered[_count] = records.Keys[row];
            if (_hasContents) _contents[_count] = records.Contents[row];
            _count++;
        }

        if (_count > from) _parts.Add(new Part(into, from, _count));
    }

    /// <summary>Gives the verdict on all that was gathered.</summary>
    private void Judge()
    {
        if (_count == 0) return;
        _sorter.Sort(_gathered.AsSpan(0, _count));
        var distinct = Distinct(_sorter.Keys);
        var keys = _keys.AsSpan(0, distinct);
        var present = _present.AsSpan(0, distinct);
        var holders = _hasContents ? _holders.AsSpan(0, distinct) : [];
        present.Clear();
        _pending.Probe(keys, present, holders);
        index.Probe(keys, present, holders);

        var order = _sorter.Rows;
        for (var i = 0; i < distinct; i++) Judge(i, order[_starts[i].._starts[i + 1]]);
        foreach (ref readonly var part in CollectionsMarshal.AsSpan(_parts)) Collect(part);
        _parts.Clear();
        _count = 0;
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
    private void Judge(int key, ReadOnlySpan<int> places)
    {
        if (!_present[key])
        {
            var first = places[0];
            if (_hasContents) _holders[key] = _contents[first];
            _pending.Add(_keys[key], _hasContents ? _contents[first] : 0);
            _verdicts[first] = New;
            places = places[1..];
        }

        foreach (var place in places) _verdicts[place] = _hasContents && _contents[place] != _holders[key] ? Conflict : (byte)0;
    }

    private void Collect(in Part part)
    {
        var into = part.Into;
        var (before, conflicts) = (into.Count, into.Conflicts.Count);
        var count = before;
        for (var place = part.From; place < part.To; place++)
        {
            var verdict = _verdicts[place];
            into.Rows[count] = _rows[place];
            if (verdict == New) count++;
            else if (verdict == Conflict) into.Conflicts.Add(_rows[place]);
        }

        into.Count = count;
        into.Duplicates += part.To - part.From - (count - before) - (into.Conflicts.Count - conflicts);
    }

    /// <summary>Places of one chunk's rows among those that are looked up together.</summary>
    private readonly record struct Part(Selection Into, int From, int To);
}
