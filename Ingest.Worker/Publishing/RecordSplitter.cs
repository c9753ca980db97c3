using System.Text;
using System.Text.Json;

namespace Ingest.Worker.Publishing;

/// <summary>
/// Cuts a file into transfers of some records, without changing a byte of a record: CSV by its rows, as the worker tells them apart (each transfer gets the header again),
/// NDJSON by lines, JSON by the elements of its array (a file with one object is one transfer).
/// </summary>
internal static class RecordSplitter
{
    // Of a transfer of several records: half of what the worker takes by default.
    private const int TransferBytesMax = 16 << 20;

    private static readonly byte[] s_bom = [0xEF, 0xBB, 0xBF];

    /// <summary>Yields the transfers with their number of records. The array of one transfer is not used again.</summary>
    /// <param name="delimiter">Between the cells of CSV; null: the one that the header tells.</param>
    /// <exception cref="InvalidDataException">The file is not of the format.</exception>
    public static IEnumerable<(byte[] Payload, int Records)> Split(string file, FileFormat format, int recordsPerTransfer, char? delimiter = null) => format switch
    {
        FileFormat.Csv => Csv(file, recordsPerTransfer, delimiter),
        FileFormat.Ndjson => Join(Lines(file).Where(line => !IsBlank(line)), [], recordsPerTransfer),
        FileFormat.Json => Json(file, recordsPerTransfer),
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    private static IEnumerable<(byte[], int)> Csv(string file, int recordsPerTransfer, char? delimiter)
    {
        using var rows = new CsvFileRows(file, delimiter);
        if (rows.Next() is not { } header) yield break;
        foreach (var transfer in Join(Rest(rows), header, recordsPerTransfer)) yield return transfer;
    }

    private static IEnumerable<byte[]> Rest(CsvFileRows rows)
    {
        while (rows.Next() is { } row) yield return row;
    }

    private static IEnumerable<(byte[], int)> Join(IEnumerable<byte[]> records, byte[] head, int recordsPerTransfer)
    {
        var buffer = new MemoryStream();
        var count = 0;
        foreach (var record in records)
        {
            if (count > 0 && buffer.Length + record.Length > TransferBytesMax)
            {
                yield return (buffer.ToArray(), count);
                buffer.SetLength(0);
                count = 0;
            }

            if (count == 0) buffer.Write(head);
            buffer.Write(record);
            if (++count < recordsPerTransfer) continue;
            yield return (buffer.ToArray(), count);
            buffer.SetLength(0);
            count = 0;
        }

        if (count > 0) yield return (buffer.ToArray(), count);
    }

    /// <summary>Lines with their line end (one is added to a last line without), the byte order mark left out.</summary>
    private static IEnumerable<byte[]> Lines(string file)
    {
        using var stream = new BufferedStream(File.OpenRead(file), 1 << 20);
        var line = new MemoryStream();
        var isFirst = true;
        int value;
        while ((value = stream.ReadByte()) >= 0)
        {
            line.WriteByte((byte)value);
            if (value != '\n') continue;
            yield return Take(line, ref isFirst);
        }

        if (line.Length == 0) yield break;
        line.WriteByte((byte)'\n');
        yield return Take(line, ref isFirst);
    }

    private static byte[] Take(MemoryStream line, ref bool isFirst)
    {
        var bytes = line.ToArray();
        line.SetLength(0);
        if (isFirst && bytes.AsSpan().StartsWith(s_bom)) bytes = bytes[s_bom.Length..];
        isFirst = false;
        return bytes;
    }

    private static bool IsBlank(byte[] line) => line.AsSpan().TrimStart("\r\n"u8).IsEmpty;

    /// <summary>Lines and bytes as people count them.</summary>
    private static string Reason(JsonException malformed)
    {
        var end = malformed.Message.IndexOf(" LineNumber: ", StringComparison.Ordinal);
        return end < 0 ? malformed.Message : $"{malformed.Message[..end]} In line {malformed.LineNumber + 1}, at byte {malformed.BytePositionInLine + 1} of it.";
    }

    private static IEnumerable<(byte[], int)> Json(string file, int recordsPerTransfer)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(File.ReadAllBytes(file).AsMemory().TrimStart(s_bom));
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"This is not JSON: {Reason(malformed)}", malformed);
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                yield return (Encoding.UTF8.GetBytes(document.RootElement.GetRawText()), 1);
                yield break;
            }

            foreach (var chunk in document.RootElement.EnumerateArray().Chunk(recordsPerTransfer))
                yield return (Encoding.UTF8.GetBytes($"[{string.Join(',', chunk.Select(e => e.GetRawText()))}]"), chunk.Length);
        }
    }
}
