using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>The compiled columns of one dataset, and what is derived from them. Not thread-safe.</summary>
internal sealed class DatasetNormalizer
{
    private readonly DatasetPlan _plan;
    private readonly int _ordinal;
    private readonly ColumnNormalizer[] _columns;
    private readonly EventDates _eventDates;
    private readonly PartitionSpread _spread;
    private readonly Rescuer _rescuer;
    private readonly RowFaults _faults = new();

    /// <param name="ordinal">Index of the dataset in its topic.</param>
    public DatasetNormalizer(DatasetPlan plan, int ordinal, TransferFormat format)
    {
        _plan = plan;
        _ordinal = ordinal;
        _columns = [.. plan.Columns.Select(ColumnNormalizer.Create)];
        _eventDates = new EventDates(plan);
        _spread = new PartitionSpread(plan);
        _rescuer = new Rescuer(plan, format);
    }

    public void Normalize(DecodedChunk decoded, byte[] buffer, NormalizedRecords into, List<Rejection> rejections)
    {
        var records = decoded.Datasets[_ordinal];
        var rows = records.Count;
        into.SetCount(rows);
        if (rows == 0) return;
        records.Transfer.AsSpan(0, rows).CopyTo(into.Transfer);
        records.Position.AsSpan(0, rows).CopyTo(into.Position);
        records.Span.AsSpan(0, rows).CopyTo(into.Span);
        _faults.Reset(rows);
        for (var c = 0; c < _columns.Length; c++) _columns[c].Normalize(records, buffer, into.Columns[c], _faults);
        _eventDates.Fill(into, _faults);
        _spread.Limit(into, _faults);
        _rescuer.Write(records, buffer, _faults, into.Rescued);
        if (_faults.Any) Refuse(decoded, records, buffer, into, rejections);
        _faults.Trim();
    }

    private void Refuse(DecodedChunk decoded, DecodedRecords records, byte[] buffer, NormalizedRecords into, List<Rejection> rejections)
    {
        for (var row = 0; row < records.Count; row++)
        {
            var reason = _faults.Reason(row);
            if (reason == ReasonCode.None) continue;
            into.Refused[row] = 1;
            if (!decoded.MayRefuse(records.Transfer[row])) continue;
            var column = _faults.Column(row);
            var (start, length) = records.Span[row];
            var detail = reason == ReasonCode.TooManyPartitions ? FaultDetail.TooManyPartitions
                : column < 0 ? HalfPair.Describe(buffer.AsSpan(start, length), _plan.Columns)
                : FaultDetail.Describe(_plan.Columns[column], reason, records.Record(row)[column], buffer);
            rejections.Add(new Rejection(records.Transfer[row], records.Position[row], reason, _ordinal, column, start, length, detail));
        }
    }
}
