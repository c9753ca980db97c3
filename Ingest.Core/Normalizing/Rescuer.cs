using System.Runtime.InteropServices;
using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>
/// Writes <c>_rescued</c>: one canonical JSON object a row, of the fields that no column takes and the values that did not fit a rescuing column (under the name
/// of their source). Nested fields keep their place. Null for a row that has neither, and for a refused one. Not thread-safe.
/// </summary>
internal sealed class Rescuer(DatasetPlan plan, TransferFormat format)
{
    // Of a row; a CSV header has at most so many.
    private const int FieldsKeptMax = 16_384;

    private static readonly Comparison<(int Row, int Column)> s_byRow = static (a, b) => a.Row != b.Row ? a.Row.CompareTo(b.Row) : a.Column.CompareTo(b.Column);

    private readonly FieldKind _escapedName = format == TransferFormat.Csv ? FieldKind.QuotedText : FieldKind.EscapedText;
    private readonly byte[][][][] _sources = [.. plan.Columns.Select(c => c.Sources.Select(Segments).ToArray())];
    private readonly List<RescuedField> _fields = [];
    private readonly FieldSort<RescuedField> _sort = new(static (a, b) => a.CompareTo(b));
    private readonly ScratchBytes _names = new();
    private readonly ScratchBytes _text = new();
    private readonly ScratchBytes _json = new();
    private readonly CanonicalJson _canonical = new();
    private byte[][][] _paths = [];
    private IReadOnlyList<FieldPath>? _pathsOf;

    public void Write(DecodedRecords records, byte[] buffer, RowFaults faults, BytesVector into)
    {
        var rows = records.Count;
        into.Reserve(rows);
        faults.Rescues.Sort(s_byRow);
        LearnPaths(records.Paths);
        var rescued = 0;
        for (var row = 0; row < rows; row++)
        {
            int first = records.ExtraStart[row], last = records.ExtraStart[row + 1];
            var rescuedLast = rescued;
            while (rescuedLast < faults.Rescues.Count && faults.Rescues[rescuedLast].Row == row) rescuedLast++;
            var isEmpty = first == last && rescued == rescuedLast;
            if (isEmpty || faults.Reason(row) != ReasonCode.None)
            {
                into.AppendNull();
            }
            else if (TryGather(records, buffer, faults, row, rescued, rescuedLast) && TryWrite(buffer))
            {
                into.Append(_json.Written);
            }
            else
            {
                faults.Refuse(row, -1, ReasonCode.NotUtf8);
                into.AppendNull();
            }

            rescued = rescuedLast;
        }

        // They refer to the payload, and a record may have a million.
        _fields.Clear();
        if (_fields.Capacity > FieldsKeptMax) _fields.TrimExcess();
    }

    private static byte[][] Segments(FieldPath path) => [.. path.Segments.Select(Encoding.UTF8.GetBytes)];

    private void LearnPaths(IReadOnlyList<FieldPath> paths)
    {
        if (ReferenceEquals(_pathsOf, paths) && _paths.Length == paths.Count) return;
        _paths = [.. paths.Select(Segments)];
        _pathsOf = paths;
    }

    /// <summary>Collects the fields of a row in the order in which they are written. False: a name is no Unicode text.</summary>
    private bool TryGather(DecodedRecords records, byte[] buffer, RowFaults faults, int row, int rescued, int rescuedLast)
    {
        _fields.Clear();
        _names.Clear();
        for (var i = records.ExtraStart[row]; i < records.ExtraStart[row + 1]; i++)
        {
            var extra = records.Extras[i];
            if (!extra.NameEscaped)
            {
                _fields.Add(new RescuedField(_paths[extra.Path], buffer, extra.NameStart, extra.NameLength, extra.Value));
                continue;
            }

            var start = _names.Length;
            if (!Unescaping.TryAppend(buffer.AsSpan(extra.NameStart, extra.NameLength), _escapedName, _names)) return false;
            _fields.Add(new RescuedField(_paths[extra.Path], _names.Bytes, start, _names.Length - start, extra.Value));
        }

        for (; rescued < rescuedLast; rescued++)
        {
            var column = faults.Rescues[rescued].Column;
            var field = records.Record(row)[column];
            var source = _sources[column][field.Source];
            _fields.Add(new RescuedField(source[..^1], source[^1], 0, source[^1].Length, field));
        }

        _sort.Sort(CollectionsMarshal.AsSpan(_fields));
        return true;
    }

    private bool TryWrite(byte[] buffer)
    {
        _json.Clear();
        _json.Write((byte)'{');
        var depth = 0;
        RescuedField? previous = null;
        foreach (var field in _fields)
        {
            var common = 0;
            if (previous is { } before)
            {
                // Two columns may rescue one source, or an object and a field in it: what is written whole is not written again.
                common = before.CommonDepth(field);
                if (common == before.Depth) continue;
                for (; depth > common; depth--) _json.Write((byte)'}');
                _json.Write((byte)',');
            }

            for (; depth < field.Parents.Length; depth++)
            {
                JsonText.Write(field.Parents[depth], _json);
                _json.Write(":{"u8);
            }

            JsonText.Write(field.Name, _json);
            _json.Write((byte)':');
            if (!TryWriteValue(field.Value, buffer)) return false;
            previous = field;
        }

        for (; depth >= 0; depth--) _json.Write((byte)'}');
        return true;
    }

    private bool TryWriteValue(in FieldRef value, byte[] buffer)
    {
        var bytes = buffer.AsSpan(value.Start, value.Length);
        switch (value.Kind)
        {
            case FieldKind.Text:
                JsonText.Write(bytes, _json);
                return true;
            case FieldKind.EscapedText or FieldKind.QuotedText:
                _text.Clear();
                if (!Unescaping.TryAppend(bytes, value.Kind, _text)) return false;
                JsonText.Write(_text.Written, _json);
                return true;
            case FieldKind.Composite:
                return _canonical.TryWrite(bytes, _json);
            case FieldKind.Number:
                _json.Write(bytes);
                return true;
            case FieldKind.True:
                _json.Write("true"u8);
                return true;
            case FieldKind.False:
                _json.Write("false"u8);
                return true;
            default:
                _json.Write("null"u8);
                return true;
        }
    }
}
