using System.Buffers.Binary;
using Apache.Arrow;
using ZstdSharp;

namespace Ingest.Core.Pool.Parquet;

/// <summary>
/// Writes rows of one Arrow array as a Parquet column chunk, with the encoding that fits the values: a dictionary where values repeat, differences for other integers,
/// plain for the rest. Its buffers are used from chunk to chunk; one a thread. Benchmark: EncodeBenchmarks.
/// </summary>
internal sealed class ColumnChunkWriter : IDisposable
{
    private const int Plain = 0, Rle = 3, Deltas = 5, DictionaryNumbers = 8;
    private const int DataPage = 0, DictionaryPage = 2;

    // Readers inflate whole pages: more rows cost them memory, fewer cost size.
    private const int PageRows = 64 << 10;

    // Level 1: the library's own default is a hundred times slower for a few per cent of size.
    private const int ZstdLevel = 1;

    // Fewer different values than this are as small as numbers of entries, and faster to read, whatever their order.
    private const int FewEntries = 256;

    // Longer bounds help nobody and make footers heavy.
    private const int BoundBytesMax = 64;

    private readonly Compressor _zstd = new(ZstdLevel);
    private readonly PageBuffer _page = new();
    private readonly ValueDictionary _dictionary = new();
    private readonly PresentRows _present = new();
    private int[] _starts = [];
    private int[] _ends = [];
    private long[] _values = [];
    private IArrowArray _array = null!;
    private PhysicalColumn _column = null!;
    private int _start;
    private bool _hasDictionary;

    /// <param name="before">Bytes of the file that are not in the buffer any more.</param>
    public ChunkMetadata Write(PhysicalColumn column, IArrowArray array, int start, int count, long before, PageBuffer to)
    {
        (_column, _array, _start) = (column, ArrowValues.Stored(array), start);
        _present.Find(array, start, count);
        Load();
        var (least, greatest) = Bounds();
        var offset = before + to.Length;
        long uncompressed = 0;
        if (_hasDictionary) uncompressed += WriteDictionary(to);
        var dataOffset = before + to.Length;
        var encoding = _hasDictionary ? DictionaryNumbers : column.Type is PhysicalType.Int32 or PhysicalType.Int64 ? Deltas : Plain;
        for (int row = 0, first = 0; row < count; row += PageRows)
        {
            var rows = Math.Min(PageRows, count - row);
            var values = _present.Count == count ? rows : _present.CountBefore(start + row + rows, first);
            uncompressed += WriteData(row, rows, first, values, encoding, to);
            first += values;
        }

        return new ChunkMetadata
        {
            Column = column,
            Encodings = _hasDictionary ? [Plain, Rle, DictionaryNumbers] : [Rle, encoding],
            Rows = count,
            Nulls = count - _present.Count,
            LeastRow = least,
            GreatestRow = greatest,
            Least = least < 0 ? null : Bound(least),
            Greatest = greatest < 0 ? null : Bound(greatest),
            DictionaryOffset = _hasDictionary ? offset : -1,
            DataOffset = dataOffset,
            CompressedBytes = before + to.Length - offset,
            UncompressedBytes = uncompressed,
        };
    }

    public void Dispose()
    {
        _zstd.Dispose();
        _page.Dispose();
    }

    /// <summary>Brings the values together without the nulls, and tries a dictionary.</summary>
    private void Load()
    {
        _hasDictionary = false;
        switch (_column.Type)
        {
            case PhysicalType.ByteArray:
                LoadBytes((BinaryArray)_array);
                break;
            case PhysicalType.Int32 or PhysicalType.Int64 or PhysicalType.Double:
                if (_values.Length < _present.Count) _values = new long[_present.Count];
                ArrowValues.Gather(_array, _start, _present.Listed, _values.AsSpan(0, _present.Count));
                var width = _column.Is32 ? 4 : 8;
                _hasDictionary = _present.Count > 0 && _dictionary.TryFill(_values.AsSpan(0, _present.Count)) && Pays((long)_present.Count * width, (long)_dictionary.Count * width)
                    && !AreDeltasSmaller((long)_dictionary.Count * width);
                break;
            default:
                break;
        }
    }

    private void LoadBytes(BinaryArray array)
    {
        if (_starts.Length < _present.Count)
        {
            _starts = new int[_present.Count];
            _ends = new int[_present.Count];
        }

        var offsets = array.ValueOffsets;
        var all = 0L;
        for (var i = 0; i < _present.Count; i++)
        {
            var row = _present[i];
            (_starts[i], _ends[i]) = (offsets[row], offsets[row + 1]);
            all += _ends[i] - _starts[i] + 4L;
        }

        if (_present.Count == 0 || !_dictionary.TryFill(array.Data.Buffers[2].Span, _starts.AsSpan(0, _present.Count), _ends.AsSpan(0, _present.Count))) return;
        var entries = 0L;
        foreach (var entry in _dictionary.Entries) entries += _ends[entry] - _starts[entry] + 4L;
        _hasDictionary = Pays(all, entries);
    }

    /// <summary>Values that come sorted, such as times of sealed rows, are smaller as differences than as numbers of thousands of entries.</summary>
    private bool AreDeltasSmaller(long entryBytes) =>
        _dictionary.Count > FewEntries && _column.Type is not PhysicalType.Double
        && ValueEncodings.DeltaBytes(_values.AsSpan(0, _present.Count), _column.Is32) < entryBytes + ValueEncodings.HybridBytes(_dictionary.Numbers(_present.Count), WidthOfNumbers);

    private bool Pays(long plainBytes, long entryBytes) => entryBytes + ((long)_present.Count * WidthOfNumbers / 8) + 64 < plainBytes;

    private int WidthOfNumbers => Math.Max(1, ValueEncodings.WidthOf((ulong)(_dictionary.Count - 1)));

    /// <summary>Rows of the least and the greatest value; with a dictionary only its entries are looked at.</summary>
    private (int Least, int Greatest) Bounds()
    {
        if (_present.Count == 0) return (-1, -1);
        var entries = _hasDictionary ? _dictionary.Entries : [];
        var (least, greatest) = _column.Type switch
        {
            PhysicalType.Boolean => (-1, -1),
            PhysicalType.ByteArray => BoundsOfBytes(_array.Data.Buffers[2].Span, entries),
            PhysicalType.Double => Bounds(entries, _values, static (values, a, b) => BitConverter.Int64BitsToDouble(values[a]).CompareTo(BitConverter.Int64BitsToDouble(values[b]))),
            PhysicalType.FixedBytes => Bounds(entries, this, static (me, a, b) => ArrowValues.Of<Int128>(me._array)[me._present[a]].CompareTo(ArrowValues.Of<Int128>(me._array)[me._present[b]])),
            _ => BoundsOfIntegers(_values.AsSpan(0, _present.Count), entries),
        };
        return least < 0 ? (-1, -1) : (_present[least], _present[greatest]);
    }

    private (int Least, int Greatest) Bounds<T>(ReadOnlySpan<int> entries, T values, Func<T, int, int, int> compare)
    {
        int least = 0, greatest = 0;
        var count = entries.IsEmpty ? _present.Count : entries.Length;
        for (var i = 0; i < count; i++)
        {
            var value = entries.IsEmpty ? i : entries[i];
            if (compare(values, value, least) < 0) least = value;
            if (compare(values, value, greatest) > 0) greatest = value;
        }

        return (least, greatest);
    }

    private static (int Least, int Greatest) BoundsOfIntegers(ReadOnlySpan<long> values, ReadOnlySpan<int> entries)
    {
        int least = 0, greatest = 0;
        var count = entries.IsEmpty ? values.Length : entries.Length;
        for (var i = 0; i < count; i++)
        {
            var at = entries.IsEmpty ? i : entries[i];
            if (values[at] < values[least]) least = at;
            else if (values[at] > values[greatest]) greatest = at;
        }

        return (least, greatest);
    }

    private (int Least, int Greatest) BoundsOfBytes(ReadOnlySpan<byte> data, ReadOnlySpan<int> entries)
    {
        int least = 0, greatest = 0;
        var count = entries.IsEmpty ? _present.Count : entries.Length;
        var low = data[_starts[0].._ends[0]];
        var high = low;
        for (var i = 0; i < count; i++)
        {
            var at = entries.IsEmpty ? i : entries[i];
            var value = data[_starts[at].._ends[at]];
            if (value.SequenceCompareTo(low) < 0)
            {
                low = value;
                least = at;
            }
            else if (value.SequenceCompareTo(high) > 0)
            {
                high = value;
                greatest = at;
            }
        }

        return (least, greatest);
    }

    /// <summary>A value in plain encoding, text without its length; null when it is too long.</summary>
    private byte[]? Bound(int row)
    {
        switch (_column.Type)
        {
            case PhysicalType.ByteArray:
                var text = ((BinaryArray)_array).GetBytes(row);
                return text.Length <= BoundBytesMax ? text.ToArray() : null;
            case PhysicalType.FixedBytes:
                var wide = new byte[_column.FixedBytes];
                ArrowValues.WriteBigEndian(ArrowValues.Of<Int128>(_array)[row], wide);
                return wide;
            default:
                var value = new byte[_column.Is32 ? 4 : 8];
                if (_column.Is32) BinaryPrimitives.WriteInt32LittleEndian(value, (int)ArrowValues.Integer(_array, row));
                else BinaryPrimitives.WriteInt64LittleEndian(value, ArrowValues.Integer(_array, row));
                return value;
        }
    }

    /// <summary>Writes the page and returns its size as it would be without compression, header included.</summary>
    private long WriteDictionary(PageBuffer to)
    {
        _page.Clear();
        var data = _column.Type == PhysicalType.ByteArray ? _array.Data.Buffers[2].Span : [];
        foreach (var entry in _dictionary.Entries)
        {
            if (_column.Type == PhysicalType.ByteArray) WriteBytes(data[_starts[entry].._ends[entry]]);
            else if (_column.Is32) _page.WriteInt32((int)_values[entry]);
            else _page.WriteValues(_values.AsSpan(entry, 1));
        }

        return WritePage(DictionaryPage, _dictionary.Count, Plain, to);
    }

    private long WriteData(int row, int rows, int first, int values, int encoding, PageBuffer to)
    {
        _page.Clear();
        WriteLevels(row, rows, values);
        switch (encoding)
        {
            case DictionaryNumbers:
                _page.WriteByte((byte)WidthOfNumbers);
                ValueEncodings.WriteHybrid(_dictionary.Numbers(_present.Count).Slice(first, values), WidthOfNumbers, _page);
                break;
            case Deltas:
                ValueEncodings.WriteDeltas(_values.AsSpan(first, values), _column.Is32, _page);
                break;
            default:
                WritePlain(first, values);
                break;
        }

        return WritePage(DataPage, rows, encoding, to);
    }

    /// <summary>One bit a row, 1 for a value and 0 for null, as runs; its length stands before it.</summary>
    private void WriteLevels(int row, int rows, int values)
    {
        var at = _page.Length;
        _page.WriteInt32(0);
        if (values == rows || values == 0)
        {
            ValueEncodings.WriteRun(values == 0 ? 0 : 1, rows, 1, _page);
        }
        else
        {
            // The validity bitmap is what bit packing makes of the levels.
            var bitmap = _array.Data.Buffers[0].Span;
            var bytes = (rows + 7) / 8;
            _page.WriteVarint(((ulong)(uint)bytes << 1) | 1);
            var to = _page.Reserve(bytes)[..bytes];
            to.Clear();
            for (var i = 0; i < rows; i++)
            {
                var from = _start + row + i;
                to[i >> 3] |= (byte)(((bitmap[from >> 3] >> (from & 7)) & 1) << (i & 7));
            }

            _page.Advance(bytes);
        }

        _page.PatchInt32(at, _page.Length - at - 4);
    }

    private void WritePlain(int first, int values)
    {
        switch (_column.Type)
        {
            case PhysicalType.ByteArray:
                var data = _array.Data.Buffers[2].Span;
                for (var i = first; i < first + values; i++) WriteBytes(data[_starts[i].._ends[i]]);
                break;
            case PhysicalType.Boolean:
                WriteBooleans(first, values);
                break;
            case PhysicalType.FixedBytes:
                for (var i = first; i < first + values; i++)
                {
                    ArrowValues.WriteBigEndian(ArrowValues.Of<Int128>(_array)[_present[i]], _page.Reserve(_column.FixedBytes)[.._column.FixedBytes]);
                    _page.Advance(_column.FixedBytes);
                }

                break;
            default:
                _page.WriteValues(_values.AsSpan(first, values));
                break;
        }
    }

    private void WriteBytes(ReadOnlySpan<byte> value)
    {
        var to = _page.Reserve(value.Length + 4);
        BinaryPrimitives.WriteInt32LittleEndian(to, value.Length);
        value.CopyTo(to[4..]);
        _page.Advance(value.Length + 4);
    }

    private void WriteBooleans(int first, int values)
    {
        var bits = _array.Data.Buffers[1].Span;
        var bytes = (values + 7) / 8;
        var to = _page.Reserve(bytes)[..bytes];
        to.Clear();
        for (var i = 0; i < values; i++)
        {
            var row = _present[first + i];
            to[i >> 3] |= (byte)(((bits[row >> 3] >> (row & 7)) & 1) << (i & 7));
        }

        _page.Advance(bytes);
    }

    private long WritePage(int type, int values, int encoding, PageBuffer to)
    {
        // Compressed behind the room for its header, whose length depends on the sizes; then moved up against it.
        const int HeaderMax = 64;
        var whole = to.Reserve(HeaderMax + Compressor.GetCompressBound(_page.Length));
        var compressed = _zstd.Wrap(_page.Written, whole[HeaderMax..]);
        var from = to.Length + HeaderMax;
        var start = to.Length;
        var thrift = new ThriftWriter(to);
        thrift.Begin();
        thrift.Int(1, type);
        thrift.Int(2, _page.Length);
        thrift.Int(3, compressed);
        thrift.BeginStruct(type == DataPage ? 5 : 7);
        thrift.Int(1, values);
        thrift.Int(2, encoding);
        if (type == DataPage)
        {
            thrift.Int(3, Rle);
            thrift.Int(4, Rle);
        }

        thrift.End();
        thrift.End();
        var header = to.Length - start;
        to.MoveHere(from, compressed);
        return header + _page.Length;
    }
}
