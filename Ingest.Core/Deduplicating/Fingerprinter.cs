using System.Collections.Immutable;
using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Deduplicating;

/// <summary>
/// Computes the fingerprints of rows by <see cref="FingerprintEncoding"/>: of records on their way in, and of rows read back from the table when the index
/// is rebuilt. Not thread-safe; allocates nothing per row.
/// </summary>
public sealed class Fingerprinter
{
    private readonly Cell[] _key;
    private readonly Cell[] _content;
    private readonly Cell? _date;
    private readonly int _departmentColumn;
    private readonly bool _isIdentity;
    private readonly bool _includesRescued;
    private byte[] _row = new byte[1024];
    private int _head;
    private string? _department;

    public Fingerprinter(DatasetPlan plan)
    {
        _key = Cells(plan, plan.Dedup.KeyColumns);
        _content = Cells(plan, plan.Dedup.ContentColumns);
        _departmentColumn = plan.Columns.FirstOrDefault(c => c.Name == SystemColumns.Department)?.Ordinal ?? -1;
        _date = plan.Dedup.DateColumn >= 0 ? new Cell(plan.Columns[plan.Dedup.DateColumn]) : null;
        _isIdentity = plan.Dedup.Mode == DedupMode.Identity;
        _includesRescued = plan.Dedup.IncludesRescued;
    }

    /// <summary>Fills <see cref="NormalizedRecords.Keys"/> (and Contents, in identity mode) for every row that was not refused.</summary>
    /// <param name="department">The department that the rows belong to. Rows read back from a table that stores it have their own, which counts.</param>
    /// <param name="from">First row; those before it keep the fingerprints they have.</param>
    public void Fingerprint(NormalizedRecords records, string department, int from = 0)
    {
        var departments = _departmentColumn < 0 ? null : (BytesVector)records.Columns[_departmentColumn];
        if (departments is null && department != _department) SetDepartment(Encoding.UTF8.GetBytes(_department = department));
        if (records.Keys.Length < records.Count) Array.Resize(ref records.Keys, Math.Max(records.Count, records.Keys.Length * 2));
        if (_isIdentity && records.Contents.Length < records.Count) Array.Resize(ref records.Contents, records.Keys.Length);
        Bind(_key, records);
        Bind(_content, records);
        _date?.Bind(records.Columns[_date.Ordinal]);
        for (var row = from; row < records.Count; row++)
        {
            if (records.Refused[row] != 0) continue;
            if (departments is not null) SetDepartment(departments[row]);
            var length = Encode(_key, row, _head);
            if (!_isIdentity && _includesRescued) length = EncodeBytes(records.Rescued, row, length);
            var hash = FingerprintEncoding.Hash(_row.AsSpan(0, length));
            records.Keys[row] = _date is null ? hash : FingerprintEncoding.Dated(hash, _date.Day(row));
            if (!_isIdentity) continue;
            length = Encode(_content, row, _head);
            if (_includesRescued) length = EncodeBytes(records.Rescued, row, length);
            records.Contents[row] = FingerprintEncoding.Hash(_row.AsSpan(0, length));
        }
    }

    private void SetDepartment(ReadOnlySpan<byte> department)
    {
        if (_row.Length < department.Length + 256) _row = new byte[department.Length + 1024];
        _head = FingerprintEncoding.WriteBytes(_row, department);
    }

    private static Cell[] Cells(DatasetPlan plan, ImmutableArray<int> columns) => [.. columns.Select(c => new Cell(plan.Columns[c]))];

    private static void Bind(Cell[] cells, NormalizedRecords records)
    {
        foreach (var cell in cells) cell.Bind(records.Columns[cell.Ordinal]);
    }

    private int Encode(Cell[] cells, int row, int at)
    {
        foreach (var cell in cells)
        {
            if (cell.Bytes is { } bytes)
            {
                at = EncodeBytes(bytes, row, at);
                continue;
            }

            if (_row.Length - at < FingerprintEncoding.FixedCellMax) Array.Resize(ref _row, _row.Length * 2);
            at += cell.Encode(_row.AsSpan(at), row);
        }

        return at;
    }

    private int EncodeBytes(BytesVector vector, int row, int at)
    {
        var value = vector[row];
        var needed = at + value.Length + 5;
        if (_row.Length < needed) Array.Resize(ref _row, (int)Math.Min(Array.MaxLength, Math.Max(needed, _row.Length * 2L)));
        var to = _row.AsSpan(at);
        return at + (vector.Valid[row] == 0 ? FingerprintEncoding.WriteNull(to) : FingerprintEncoding.WriteBytes(to, value));
    }

    /// <summary>A column as the encoding sees it: its vector, cast once a chunk.</summary>
    private sealed class Cell(ColumnPlan column)
    {
        private byte[] _valid = [];
        private int[] _ints = [];
        private long[] _longs = [];
        private double[] _doubles = [];
        private byte[] _booleans = [];
        private Int128[] _wide = [];

        public int Ordinal => column.Ordinal;

        public BytesVector? Bytes { get; private set; }

        public void Bind(ColumnVector vector)
        {
            _valid = vector.Valid;
            switch (vector)
            {
                case BytesVector bytes: Bytes = bytes; break;
                case FixedVector<int> ints: _ints = ints.Values; break;
                case FixedVector<long> longs: _longs = longs.Values; break;
                case FixedVector<double> doubles: _doubles = doubles.Values; break;
                case FixedVector<byte> booleans: _booleans = booleans.Values; break;
                case FixedVector<Int128> wide: _wide = wide.Values; break;
                default: throw new InvalidOperationException($"No encoding for {vector.GetType()}.");
            }
        }

        /// <summary>Days since 1970-01-01 of a date or timestamp; null when there is none.</summary>
        public int? Day(int row) => _valid[row] == 0 ? null : column.Type == ColumnType.Date ? _ints[row] : FingerprintEncoding.DayOf(_longs[row]);

        public int Encode(Span<byte> to, int row)
        {
            if (_valid[row] == 0) return FingerprintEncoding.WriteNull(to);
            return column.Type switch
            {
                ColumnType.Int => FingerprintEncoding.WriteInteger(to, _ints[row]),
                ColumnType.Long => FingerprintEncoding.WriteInteger(to, _longs[row]),
                ColumnType.Timestamp => FingerprintEncoding.WriteTimestamp(to, _longs[row]),
                ColumnType.Date => FingerprintEncoding.WriteDate(to, _ints[row]),
                ColumnType.Double => FingerprintEncoding.WriteDouble(to, _doubles[row]),
                ColumnType.Boolean => FingerprintEncoding.WriteBoolean(to, _booleans[row]),
                ColumnType.Decimal => column.Precision <= 18
                    ? FingerprintEncoding.WriteDecimal(to, _longs[row], column.Scale)
                    : FingerprintEncoding.WriteDecimal(to, _wide[row], column.Scale),
                _ => throw new InvalidOperationException($"No encoding for {column.Type}."),
            };
        }
    }
}
