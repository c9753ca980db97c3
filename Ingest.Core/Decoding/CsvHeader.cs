namespace Ingest.Core.Decoding;

/// <summary>Finds the header of a CSV transfer without reading the rest.</summary>
public static class CsvHeader
{
    /// <summary>The bytes of the first row that is not blank, without byte order mark and line end; a quoted line break does not end it.</summary>
    public static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> transfer, char delimiter)
    {
        if (transfer.StartsWith("\uFEFF"u8)) transfer = transfer[3..];
        var start = transfer.IndexOfAnyExcept((byte)'\r', (byte)'\n');
        if (start < 0) return [];
        var row = transfer[start..];
        var end = new CsvRowScanner(delimiter).EndOfRow(row);
        return end < 0 ? row : row[..end];
    }
}
