using Ingest.Core.Decoding;

namespace Ingest.Worker.Publishing;

/// <summary>Reads a CSV file row by row, cut as the worker cuts transfers, holding one row and a portion of the file in memory.</summary>
internal sealed class CsvFileRows : IDisposable
{
    // As much as a transfer may be by default: the worker would refuse what is larger, with all that stands behind it.
    private const int RowBytesMax = 32 << 20;

    private const int PortionBytes = 1 << 20;

    private static readonly byte[] s_bom = [0xEF, 0xBB, 0xBF];

    private readonly FileStream _file;
    private readonly char _delimiter;
    private CsvRowScanner _scanner;
    private byte[] _buffer = new byte[PortionBytes];
    private int _start;
    private int _filled;
    private long _before;
    private long _rows;

    public CsvFileRows(string file, char? delimiter)
    {
        _file = File.OpenRead(file);
        Fill();
        if (_buffer.AsSpan(0, _filled).StartsWith(s_bom)) _start = s_bom.Length;
        _delimiter = delimiter ?? Guess(_buffer.AsSpan(_start, _filled - _start));
        _scanner = new CsvRowScanner(_delimiter);
    }

    /// <summary>The next row that is not blank, with its line end; one is added where the file ends without. Null at the end. The array is the caller's.</summary>
    /// <exception cref="InvalidDataException">The row is larger than any transfer.</exception>
    public byte[]? Next()
    {
        if (!SkipBlank()) return null;
        _rows++;
        var scanned = 0;
        while (true)
        {
            var end = _scanner.EndOfRow(_buffer.AsSpan(_start + scanned, _filled - _start - scanned));
            if (end >= 0) return Take(scanned + end);
            scanned = _filled - _start;
            if (scanned > RowBytesMax)
                throw new InvalidDataException($"Row {_rows}, at byte {_before + _start}, is larger than {RowBytesMax >> 20} MiB: is a quote not closed there, or the delimiter not '{_delimiter}' (--delimiter)? Nothing from there on was sent. Publish the file again once it is mended: what arrived is dropped as duplicates.");
            if (Fill()) continue;
            byte[] last = [.. _buffer.AsSpan(_start, scanned), (byte)'\n'];
            _start = _filled;
            return last;
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>The delimiter that stands most often in the first line, outside of quotes; a comma where none does.</summary>
    private static char Guess(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> candidates = ",;\t|"u8;
        Span<int> counts = stackalloc int[candidates.Length];
        var isQuoted = false;
        foreach (var value in text.TrimStart("\r\n"u8))
        {
            if (value == '"') isQuoted = !isQuoted;
            if (isQuoted) continue;
            if (value is (byte)'\r' or (byte)'\n') break;
            if (candidates.IndexOf(value) is >= 0 and var i) counts[i]++;
        }

        var most = 0;
        for (var i = 1; i < counts.Length; i++)
        {
            if (counts[i] > counts[most]) most = i;
        }

        return (char)candidates[most];
    }

    private bool SkipBlank()
    {
        while (true)
        {
            while (_start < _filled && _buffer[_start] is (byte)'\r' or (byte)'\n') _start++;
            if (_start < _filled) return true;
            if (!Fill()) return false;
        }
    }

    /// <summary>The row up to the line end at this place behind its start: CR, LF, or both.</summary>
    private byte[] Take(int end)
    {
        var length = end + 1;
        if (_buffer[_start + end] == '\r' && (_start + length < _filled || Fill()) && _buffer[_start + length] == '\n') length++;
        var row = _buffer.AsSpan(_start, length).ToArray();
        _start += length;
        return row;
    }

    /// <summary>Reads on, keeping what was not taken yet; false at the end of the file.</summary>
    private bool Fill()
    {
        _buffer.AsSpan(_start, _filled - _start).CopyTo(_buffer);
        _before += _start;
        (_start, _filled) = (0, _filled - _start);
        if (_buffer.Length - _filled < PortionBytes) Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _filled + PortionBytes));
        var read = _file.ReadAtLeast(_buffer.AsSpan(_filled, PortionBytes), PortionBytes, throwOnEndOfStream: false);
        _filled += read;
        return read > 0;
    }
}
