using System.Runtime.InteropServices;
using System.Text.Json;
using Ingest.Core.Transfers;

namespace Ingest.Core.Decoding;

/// <summary>
/// Locates the fields of one JSON object: those that columns take, and the rest. The reader must stand on the object's start; afterwards it stands on
/// its end. Malformed JSON throws <see cref="JsonException"/>, which the caller turns into a refusal of the transfer or line.
/// </summary>
internal sealed partial class RecordReader(FieldTrie trie)
{
    // Beyond this many unknown fields, looking for a repeated name sorts them instead of comparing all pairs.
    private const int PairwiseMax = 16;

    private readonly RepeatedNames _repeated = new();
    private readonly ExtraField[] _taken = new ExtraField[trie.Columns];
    private byte[] _scratch = new byte[256];
    private long _record;

    public FieldTrie Trie => trie;

    /// <summary>Reads the object into <paramref name="fields"/>; what nobody takes goes to <paramref name="extras"/> when that is given.</summary>
    /// <param name="origin">Where the reader's first byte lies in the chunk's buffer.</param>
    /// <param name="column">The column at fault; -1 when none is.</param>
    public ReasonCode Read(ref Utf8JsonReader reader, byte[] buffer, int origin, Span<FieldRef> fields, DecodedRecords? extras, out int column)
    {
        _record++;
        column = -1;
        var reason = ReasonCode.None;
        ReadObject(ref reader, buffer, origin, trie.Root, fields, extras, ref reason, ref column);
        if (reason == ReasonCode.None && extras is not null && RepeatsExtra(buffer, extras)) reason = ReasonCode.DuplicateField;
        return reason;
    }

    private void ReadObject(ref Utf8JsonReader reader, byte[] buffer, int origin, FieldTrie.Node node, Span<FieldRef> fields, DecodedRecords? extras, ref ReasonCode reason, ref int column)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var nameStart = origin + (int)reader.TokenStartIndex + 1;
            var nameLength = reader.ValueSpan.Length;
            var escaped = reader.ValueIsEscaped;
            var property = node.Find(escaped ? Unescape(ref reader, ref reason) : reader.ValueSpan);
            reader.Read();
            if (property is null)
            {
                var extra = Value(ref reader, origin, ref reason);
                extras?.AddExtra(new ExtraField(nameStart, nameLength, escaped, node.Path, extra));
                continue;
            }

            if (property.SeenIn == _record)
            {
                reason = ReasonCode.DuplicateField;
                if (property.Takers.Count > 0) column = property.Takers[0].Column;
            }

            property.SeenIn = _record;
            if (property.Child is { } child && reader.TokenType == JsonTokenType.StartObject && property.Takers.Count == 0)
            {
                ReadObject(ref reader, buffer, origin, child, fields, extras, ref reason, ref column);
                continue;
            }

            var value = new ExtraField(nameStart, nameLength, escaped, node.Path, Value(ref reader, origin, ref reason));
            if (!Give(property, value, fields, extras)) extras?.AddExtra(value);
        }
    }

    /// <summary>Gives a value to the columns that look there; false when nobody has taken it.</summary>
    private bool Give(FieldTrie.Property property, in ExtraField value, Span<FieldRef> fields, DecodedRecords? extras)
    {
        var taken = property.IsConsumed;
        foreach (var (column, rank) in property.Takers)
        {
            // The first of a column's sources that is present wins, in the contract's order, whatever the record's.
            ref var field = ref fields[column];
            if (field.Kind != FieldKind.Absent)
            {
                if (field.Source <= rank) continue;
                extras?.AddExtra(_taken[column]);
            }

            field = value.Value with { Source = rank };
            if (trie.HasAlternatives) _taken[column] = value;
            taken = true;
        }

        return taken;
    }

    private static FieldRef Value(ref Utf8JsonReader reader, int origin, ref ReasonCode reason)
    {
        var start = origin + (int)reader.TokenStartIndex;
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                if (!reader.ValueIsEscaped) return new FieldRef(start + 1, reader.ValueSpan.Length, FieldKind.Text);
                if (HalfPair.IndexIn(reader.ValueSpan) >= 0) reason = ReasonCode.NotUtf8;
                return new FieldRef(start + 1, reader.ValueSpan.Length, FieldKind.EscapedText);
            case JsonTokenType.Number: return new FieldRef(start, reader.ValueSpan.Length, FieldKind.Number);
            case JsonTokenType.True: return new FieldRef(start, 4, FieldKind.True);
            case JsonTokenType.False: return new FieldRef(start, 5, FieldKind.False);
            case JsonTokenType.Null: return new FieldRef(start, 4, FieldKind.Null);
            default:
                reader.Skip();
                return new FieldRef(start, origin + (int)reader.BytesConsumed - start, FieldKind.Composite);
        }
    }

    private ReadOnlySpan<byte> Unescape(ref Utf8JsonReader reader, ref ReasonCode reason)
    {
        if (HalfPair.IndexIn(reader.ValueSpan) >= 0)
        {
            reason = ReasonCode.NotUtf8;
            return reader.ValueSpan;
        }

        if (_scratch.Length < reader.ValueSpan.Length) _scratch = new byte[reader.ValueSpan.Length * 2];
        return _scratch.AsSpan(0, reader.CopyString(_scratch));
    }

    private bool RepeatsExtra(byte[] buffer, DecodedRecords records)
    {
        // Not all of them are there then, and the transfer is refused anyway.
        if (records.IsOver) return false;
        var first = records.ExtraStart[records.Count];
        var extras = records.Extras;
        if (extras.Count - first > PairwiseMax) return _repeated.Any(buffer, CollectionsMarshal.AsSpan(extras)[first..]);
        for (var i = first + 1; i < extras.Count; i++)
        {
            for (var j = first; j < i; j++)
            {
                var (a, b) = (extras[i], extras[j]);
                if (a.NameEscaped || b.NameEscaped) return _repeated.Any(buffer, CollectionsMarshal.AsSpan(extras)[first..]);
                if (a.NameLength == b.NameLength && a.Path == b.Path && buffer.AsSpan(a.NameStart, a.NameLength).SequenceEqual(buffer.AsSpan(b.NameStart, b.NameLength))) return true;
            }
        }

        return false;
    }
}
