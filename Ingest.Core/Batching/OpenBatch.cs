using System.Collections.Immutable;
using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>
/// The batch being filled: new rows, sorted into the table's partitions, column by column. Owned by one thread. Rows are grouped by partition first, so that
/// each column is gathered in one tight loop a partition.
/// </summary>
public sealed class OpenBatch(DatasetPlan plan) : IDisposable
{
    private readonly ImmutableArray<TableColumns.StoredColumn> _columns = TableColumns.Stored(plan);
    private readonly bool _byDateOnly = plan.Partitioning.All(p => p.Kind != PartitionKind.Column);
    private readonly Dictionary<string, Dictionary<int, OpenPartition>> _byDate = [];
    private readonly SortedDictionary<string, OpenPartition> _partitions = new(StringComparer.Ordinal);
    private readonly List<OpenPartition> _touched = [];
    private readonly SystemVectors _system = new();

    /// <summary>What the buffers weigh.</summary>
    public long Bytes { get; private set; }

    public int RowCount { get; private set; }

    public int PartitionCount => _partitions.Count;

    /// <summary>Appends the selected rows of a chunk.</summary>
    /// <param name="range">Ordinal of the account that the rows belong to.</param>
    public void Append(NormalizedChunk chunk, NormalizedRecords records, Selection selection, int range)
    {
        var rows = selection.Rows.AsSpan(0, selection.Count);
        _system.Fill(chunk, records);
        Assign(chunk.Topic.Department, records, rows);
        foreach (var partition in _touched)
        {
            Bytes -= partition.Bytes;
            partition.AppendTouched(_columns, records, _system, (ushort)range);
            Bytes += partition.Bytes;
        }

        _touched.Clear();
        RowCount += rows.Length;
    }

    /// <summary>The batches of all partitions, in ordinal order of their folders; this batch is empty afterwards.</summary>
    public ImmutableArray<PartitionBatch> Seal()
    {
        Apache.Arrow.Schema? schema = null;
        var batches = ImmutableArray.CreateBuilder<PartitionBatch>(_partitions.Count);
        foreach (var partition in _partitions.Values) batches.Add(partition.Seal(_columns, ref schema));
        Clear();
        return batches.MoveToImmutable();
    }

    /// <summary>Drops what is open and gives its memory back.</summary>
    public void Dispose()
    {
        foreach (var partition in _partitions.Values) partition.Release();
        Clear();
    }

    private void Clear()
    {
        _partitions.Clear();
        _byDate.Clear();
        _touched.Clear();
        Bytes = 0;
        RowCount = 0;
    }

    private void Assign(string department, NormalizedRecords records, ReadOnlySpan<int> rows)
    {
        OpenPartition? last = null;
        var lastDate = 0;
        if (!_byDate.TryGetValue(department, out var dates)) _byDate.Add(department, dates = []);
        foreach (var row in rows)
        {
            if (_byDateOnly)
            {
                var date = records.EventDate.Count > row && records.EventDate.Valid[row] != 0 ? records.EventDate.Values[row] : int.MinValue;
                if (last is null || date != lastDate)
                {
                    if (!dates.TryGetValue(date, out last)) dates.Add(date, last = Find(department, records, row));
                    lastDate = date;
                }
            }
            else
            {
                last = Find(department, records, row);
            }

            if (last.Touch(row)) _touched.Add(last);
        }
    }

    private OpenPartition Find(string department, NormalizedRecords records, int row)
    {
        var values = plan.Partitioning.Select(p => p.Kind switch
        {
            PartitionKind.Department => department,
            PartitionKind.EventDate => records.EventDate.Count > row && records.EventDate.Valid[row] != 0 ? PartitionValue.Date(records.EventDate.Values[row]) : null,
            _ => PartitionValue.Of(plan.Columns[p.Column], records.Columns[p.Column], row),
        }).ToImmutableArray();
        var key = KeyOf(values);
        if (_partitions.TryGetValue(key, out var known)) return known;
        var partition = new OpenPartition(values, _columns, plan.Dedup.Mode == DedupMode.Identity);
        _partitions.Add(key, partition);
        Bytes += partition.Bytes;
        return partition;
    }

    /// <summary>Null and text cannot be mistaken for each other, nor one value's end for the next one's start: a zero in a text is doubled, and never follows the one that ends a value.</summary>
    private static string KeyOf(ImmutableArray<string?> values)
    {
        var key = new StringBuilder();
        foreach (var value in values) key.Append(value is null ? '0' : '1').Append(value?.Replace("\0", "\0\0", StringComparison.Ordinal)).Append('\0');
        return key.ToString();
    }
}
