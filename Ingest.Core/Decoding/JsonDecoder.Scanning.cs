using Ingest.Core.Transfers;

namespace Ingest.Core.Decoding;

/// <summary>The fast way through a document, for those in which nothing is to be refused; see <see cref="RecordReader"/>.</summary>
internal sealed partial class JsonDecoder
{
    // Consecutive records mostly belong to the same dataset.
    private int _lastDataset;

    /// <summary>False when the document must be read the slow way; what was added until then must be taken back.</summary>
    private bool TryScan(byte[] buffer, int transfer, int start, int length, ref int position, DecodedChunk into)
    {
        var (at, end) = (start, start + length);
        JsonScan.PeekToken(buffer, ref at, end);
        if (!TryScanPlace(buffer, ref at, end, 0, transfer, ref position, into)) return false;
        JsonScan.PeekToken(buffer, ref at, end);
        return at == end;
    }

    /// <summary>Follows the pointer into the envelope; false also when the place is not there.</summary>
    private bool TryScanPlace(byte[] buffer, ref int at, int end, int depth, int transfer, ref int position, DecodedChunk into)
    {
        if (depth == _place.Length) return TryScanRecords(buffer, ref at, end, depth, transfer, ref position, into);
        if (depth >= JsonScan.DepthMax || JsonScan.Peek(buffer, at, end) != '{') return false;
        at++;
        JsonScan.PeekToken(buffer, ref at, end);
        var found = false;
        while (true)
        {
            var nameStart = at + 1;
            if (!JsonScan.TryName(buffer, ref at, end, out var escaped) || escaped) return false;
            var name = buffer.AsSpan(nameStart, at - nameStart);
            if (name[..name.IndexOf((byte)'"')].SequenceEqual(_place[depth]))
            {
                // Twice, it would be ambiguous.
                if (found || !TryScanPlace(buffer, ref at, end, depth + 1, transfer, ref position, into)) return false;
                found = true;
            }
            else if (!JsonScan.TryValue(buffer, ref at, end, depth + 1))
            {
                return false;
            }

            var c = JsonScan.PeekToken(buffer, ref at, end);
            at++;
            if (c == '}') return found;
            if (c != ',') return false;
            JsonScan.PeekToken(buffer, ref at, end);
        }
    }

    private bool TryScanRecords(byte[] buffer, ref int at, int end, int depth, int transfer, ref int position, DecodedChunk into)
    {
        var c = JsonScan.Peek(buffer, at, end);
        if (c == '{') return TryScanRecord(buffer, ref at, end, depth + 1, transfer, position++, into);
        if (c != '[') return false;
        at++;
        if (JsonScan.PeekToken(buffer, ref at, end) == ']')
        {
            at++;
            return true;
        }

        while (true)
        {
            if (JsonScan.Peek(buffer, at, end) != '{' || !TryScanRecord(buffer, ref at, end, depth + 2, transfer, position++, into)) return false;
            c = JsonScan.PeekToken(buffer, ref at, end);
            at++;
            if (c == ']') return true;
            if (c != ',') return false;
            JsonScan.PeekToken(buffer, ref at, end);
        }
    }

    private bool TryScanRecord(byte[] buffer, ref int at, int end, int depth, int transfer, int position, DecodedChunk into)
    {
        var start = at;
        var dataset = _lastDataset;
        var records = into.Datasets[dataset];
        if (!_readers[dataset].TryScan(buffer, ref at, end, depth, records.Next(), records)) return false;
        if (!_selector.IsTrivial)
        {
            var marked = _readers[dataset].Marked;
            var selected = _selector.Select(buffer, marked[0], marked[1], out var reason);
            if (reason != ReasonCode.None) return false;
            if (selected != dataset)
            {
                records.Abandon();
                (at, _lastDataset) = (start, selected);
                records = into.Datasets[selected];
                if (!_readers[selected].TryScan(buffer, ref at, end, depth, records.Next(), records)) return false;
            }
        }

        if (at - start > _limits.RecordBytesMax) return false;
        records.Add(transfer, position, start, at - start);
        return !into.Room.IsOver;
    }
}
