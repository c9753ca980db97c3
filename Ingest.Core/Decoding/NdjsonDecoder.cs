namespace Ingest.Core.Decoding;

/// <summary>One JSON document a line. A broken line is refused alone.</summary>
internal static class NdjsonDecoder
{
    public static void Decode(JsonDecoder lines, byte[] buffer, int transfer, int start, int length, DecodedChunk into)
    {
        var position = 0;
        var end = start + length;
        while (start < end && !into.Room.IsOver)
        {
            var newline = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            var next = newline < 0 ? end : start + newline + 1;
            var line = buffer.AsSpan(start, (newline < 0 ? end : start + newline) - start);
            if (!line.Trim(" \t\r"u8).IsEmpty) lines.Decode(buffer, transfer, start, line.Length, ref position, into, isLine: true);
            start = next;
        }
    }
}
