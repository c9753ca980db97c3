namespace Ingest.Core.Decoding;

/// <summary>
/// Finds where rows of CSV end, by the rules of the decoder, in bytes that come a portion at a time: a quote counts only where it begins a cell, a line end inside of quotes belongs to the cell, and CR ends a row as LF does.
/// </summary>
/// <param name="delimiter">The character between cells; ASCII.</param>
public struct CsvRowScanner(char delimiter)
{
    private readonly byte _delimiter = (byte)delimiter;
    private Place _place;

    private enum Place : byte
    {
        /// <summary>Where a quote opens the cell.</summary>
        CellStart,

        /// <summary>In a cell without quotes, or in text behind a closing quote: up to its end a quote is a character like any other.</summary>
        Plain,

        /// <summary>Inside quotes.</summary>
        Quoted,

        /// <summary>Behind a quote inside quotes: it closes the cell, unless another follows.</summary>
        Closing,
    }

    /// <summary>Where, in these bytes, the CR or LF stands that ends the row; -1 when the row goes on. The next bytes are taken for those that follow: of the next row, once an end was found.</summary>
    public int EndOfRow(ReadOnlySpan<byte> bytes)
    {
        for (var at = 0; at < bytes.Length; at++)
        {
            if (_place is Place.CellStart or Place.Closing && bytes[at] == '"')
            {
                _place = Place.Quoted;
                continue;
            }

            var rest = bytes[at..];
            if (_place == Place.Quoted)
            {
                var quote = rest.IndexOf((byte)'"');
                if (quote < 0) return -1;
                at += quote;
                _place = Place.Closing;
                continue;
            }

            var end = rest.IndexOfAny(_delimiter, (byte)'\r', (byte)'\n');
            _place = end < 0 ? Place.Plain : Place.CellStart;
            if (end < 0) return -1;
            at += end;
            if (bytes[at] != _delimiter) return at;
        }

        return -1;
    }
}
