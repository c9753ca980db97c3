using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>Text columns.</summary>
internal sealed class StringNormalizer : ColumnNormalizer
{
    private readonly byte[]? _fallback;

    public StringNormalizer(ColumnPlan column)
        : base(column)
    {
        if (Fallback is not null && Text.ReadLiteral(Fallback, out var text) == CellState.Value) _fallback = text.ToArray();
    }

    public override void Normalize(DecodedRecords records, byte[] buffer, ColumnVector into, RowFaults faults)
    {
        var vector = (BytesVector)into;
        var stride = records.Plan.Columns.Length;
        var rows = records.Count;
        var isFolder = Column.Partitions;
        vector.Reserve(rows);
        for (var first = 0; first < rows; first += DecodedRecords.BlockRecords)
        {
            var fields = records.Block(first);
            var last = Math.Min(rows, first + DecodedRecords.BlockRecords);
            for (int row = first, f = Column.Ordinal; row < last; row++, f += stride)
            {
                var state = Text.Read(buffer, in fields[f], out var text);
                if (state == CellState.Value && isFolder && !FolderText.Fits(text))
                {
                    vector.AppendNull();
                    faults.Mismatch(row, Column, ReasonCode.OutOfRange);
                }
                else if (state == CellState.Value)
                {
                    vector.Append(text);
                }
                else if (state == CellState.None && _fallback is not null)
                {
                    vector.Append(_fallback);
                }
                else
                {
                    vector.AppendNull();
                    NoteMissing(row, state, faults);
                }
            }
        }
    }
}
