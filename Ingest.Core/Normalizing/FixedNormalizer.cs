using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>Columns of fixed width: one loop, compiled for each type with its reader inside.</summary>
internal sealed class FixedNormalizer<T, TReader> : ColumnNormalizer
    where T : unmanaged
    where TReader : struct, IValueReader<T>
{
    private readonly bool _hasFallback;
    private readonly T _fallback;
    private readonly TReader _reader;

    /// <exception cref="ArgumentException">The column's default or constant is no value of its type.</exception>
    public FixedNormalizer(ColumnPlan column, TReader reader)
        : base(column)
    {
        _reader = reader;
        if (Fallback is null || Text.ReadLiteral(Fallback, out var text) != CellState.Value) return;
        var reason = _reader.Read(text, FieldKind.Text, out _fallback);
        if (reason != ReasonCode.None)
            throw new ArgumentException($"Column {column.Name}: \"{Fallback}\" cannot stand in for a missing {FaultDetail.TypeName(column)} ({reason.Text()}).", nameof(column));
        _hasFallback = true;
    }

    public override void Normalize(DecodedRecords records, byte[] buffer, ColumnVector into, RowFaults faults)
    {
        var vector = (FixedVector<T>)into;
        var rows = records.Count;
        vector.Reserve(rows);
        for (var first = 0; first < rows; first += DecodedRecords.BlockRecords) NormalizeBlock(records, buffer, vector, first, Math.Min(rows, first + DecodedRecords.BlockRecords), faults);
        vector.SetCount(rows);
    }

    private void NormalizeBlock(DecodedRecords records, byte[] buffer, FixedVector<T> vector, int first, int last, RowFaults faults)
    {
        var fields = records.Block(first);
        var stride = records.Plan.Columns.Length;
        var values = vector.Values;
        var valid = vector.Valid;
        var reader = _reader;
        for (int row = first, f = Column.Ordinal; row < last; row++, f += stride)
        {
            ref readonly var field = ref fields[f];
            T value = default;
            byte isValid = 0;
            var state = Text.Read(buffer, in field, out var text);
            if (state == CellState.Value)
            {
                var reason = reader.Read(text, field.Kind, out value);
                if (reason == ReasonCode.None)
                {
                    isValid = 1;
                }
                else
                {
                    value = default;
                    faults.Mismatch(row, Column, reason);
                }
            }
            else if (state == CellState.None && _hasFallback)
            {
                value = _fallback;
                isValid = 1;
            }
            else
            {
                NoteMissing(row, state, faults);
            }

            values[row] = value;
            valid[row] = isValid;
        }
    }
}
