namespace Ingest.Core.Decoding;

/// <summary>
/// The fast way through a record: straight over the bytes, in the order that the sender's records have. It takes well-formed records with nothing to refuse, and gives
/// up on all others: the document is then read again by the framework's reader, which says what is wrong and where. Benchmark: DecodeBenchmarks.
/// </summary>
internal sealed partial class RecordReader
{
    /// <summary>Where the consumed places of the record scanned last lie; Absent when they were not there.</summary>
    public FieldRef[] Marked { get; } = new FieldRef[2];

    /// <summary>
    /// Reads the object that begins at <paramref name="at"/> and moves behind it. False when it is not plainly good; what was filled in by then is worth nothing.
    /// </summary>
    public bool TryScan(byte[] buffer, ref int at, int end, int depth, Span<FieldRef> fields, DecodedRecords extras)
    {
        _record++;
        Marked.AsSpan().Clear();
        at++;
        return TryScanObject(buffer, ref at, end, depth, trie.Root, fields, extras) && !RepeatsExtra(buffer, extras);
    }

    private bool TryScanObject(byte[] buffer, ref int at, int end, int depth, FieldTrie.Node node, Span<FieldRef> fields, DecodedRecords extras)
    {
        if (JsonScan.PeekToken(buffer, ref at, end) == '}')
        {
            at++;
            return true;
        }

        while (true)
        {
            var nameStart = at + 1;
            var property = node.FindExpected(buffer, at, end);
            if (property is not null)
            {
                at += property.Opening!.Length;
                JsonScan.PeekToken(buffer, ref at, end);
            }
            else if (!TryScanName(buffer, ref at, end, node, extras, depth, ref property))
            {
                return false;
            }

            if (property is not null && !TryScanProperty(buffer, ref at, end, depth, nameStart, node, property, fields, extras)) return false;
            var c = JsonScan.PeekToken(buffer, ref at, end);
            at++;
            if (c == '}') return true;
            if (c != ',') return false;
            JsonScan.PeekToken(buffer, ref at, end);
        }
    }

    /// <summary>Steps over a name that was not expected and finds its property; the value of one that nobody looks at goes to the extras.</summary>
    private static bool TryScanName(byte[] buffer, ref int at, int end, FieldTrie.Node node, DecodedRecords extras, int depth, ref FieldTrie.Property? property)
    {
        var nameStart = at + 1;
        if (!JsonScan.TryName(buffer, ref at, end, out var escaped) || escaped) return false;
        var nameLength = buffer.AsSpan(nameStart, at - nameStart).IndexOf((byte)'"');
        property = node.Find(buffer.AsSpan(nameStart, nameLength));
        if (property is not null) return true;
        if (!TryScanValue(buffer, ref at, end, depth, out var value)) return false;
        extras.AddExtra(new ExtraField(nameStart, nameLength, false, node.Path, value));
        return true;
    }

    private bool TryScanProperty(
        byte[] buffer, ref int at, int end, int depth, int nameStart, FieldTrie.Node node, FieldTrie.Property property, Span<FieldRef> fields, DecodedRecords extras)
    {
        if (property.SeenIn == _record) return false;
        property.SeenIn = _record;
        if (property.OnlyColumn >= 0 && property.Marks == 0) return TryScanValue(buffer, ref at, end, depth, out fields[property.OnlyColumn]);
        if (property.Child is { } child && property.Takers.Count == 0 && JsonScan.Peek(buffer, at, end) == '{')
        {
            if (depth >= JsonScan.DepthMax) return false;
            at++;
            return TryScanObject(buffer, ref at, end, depth + 1, child, fields, extras);
        }

        if (!TryScanValue(buffer, ref at, end, depth, out var value)) return false;
        if (property.Marks != 0)
        {
            if ((property.Marks & 1) != 0) Marked[0] = value;
            if ((property.Marks & 2) != 0) Marked[1] = value;
        }

        var whole = new ExtraField(nameStart, property.Name.Length, false, node.Path, value);
        if (!Give(property, whole, fields, extras)) extras.AddExtra(whole);
        return true;
    }

    private static bool TryScanValue(byte[] buffer, ref int at, int end, int depth, out FieldRef value)
    {
        var start = at;
        value = default;
        switch (JsonScan.Peek(buffer, at, end))
        {
            case (byte)'"':
                at++;
                if (!JsonScan.TryText(buffer, ref at, end, out var escaped)) return false;
                value = new FieldRef(start + 1, at - start - 2, escaped ? FieldKind.EscapedText : FieldKind.Text);
                return !escaped || HalfPair.IndexIn(buffer.AsSpan(value.Start, value.Length)) < 0;
            case (byte)'t':
                value = new FieldRef(start, 4, FieldKind.True);
                return JsonScan.TryWord(buffer, ref at, end, "true"u8);
            case (byte)'f':
                value = new FieldRef(start, 5, FieldKind.False);
                return JsonScan.TryWord(buffer, ref at, end, "false"u8);
            case (byte)'n':
                value = new FieldRef(start, 4, FieldKind.Null);
                return JsonScan.TryWord(buffer, ref at, end, "null"u8);
            case (byte)'{' or (byte)'[':
                if (!JsonScan.TryValue(buffer, ref at, end, depth)) return false;
                value = new FieldRef(start, at - start, FieldKind.Composite);
                return true;
            default:
                if (!JsonScan.TryNumber(buffer, ref at, end)) return false;
                value = new FieldRef(start, at - start, FieldKind.Number);
                return true;
        }
    }
}
