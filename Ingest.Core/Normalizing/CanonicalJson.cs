using System.Runtime.InteropServices;
using System.Text.Json;
using Ingest.Core.Decoding;

namespace Ingest.Core.Normalizing;

/// <summary>
/// A JSON value in canonical form: keys sorted by their UTF-8 bytes at every depth, no white space between tokens, texts escaped in one way, numbers as they were
/// written. The input is a value that decoding found well formed. Not thread-safe.
/// </summary>
internal sealed class CanonicalJson
{
    // Decoding refuses what is deeper than 64 levels; this only keeps the reader from refusing first.
    private static readonly JsonReaderOptions s_options = new() { MaxDepth = 128 };

    // A stack of the members of all objects being written, outermost first; and their unescaped names.
    private readonly List<Member> _members = [];
    private readonly ScratchBytes _names = new();
    private readonly ScratchBytes _text = new();
    private readonly FieldSort<Member> _sort;

    public CanonicalJson() => _sort = new FieldSort<Member>((a, b) => Name(a).SequenceCompareTo(Name(b)));

    /// <summary>False: a text in it holds half of a surrogate pair. What was written so far is then worth nothing.</summary>
    public bool TryWrite(ReadOnlySpan<byte> json, ScratchBytes into)
    {
        _members.Clear();
        _names.Clear();
        return TryWriteValue(json, into);
    }

    private bool TryWriteValue(ReadOnlySpan<byte> json, ScratchBytes into)
    {
        var reader = new Utf8JsonReader(json, s_options);
        reader.Read();
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject: return TryWriteObject(json, ref reader, into);
            case JsonTokenType.StartArray: return TryWriteArray(json, ref reader, into);
            case JsonTokenType.String when reader.ValueIsEscaped:
                _text.Clear();
                if (!Unescaping.TryAppend(reader.ValueSpan, FieldKind.EscapedText, _text)) return false;
                JsonText.Write(_text.Written, into);
                return true;
            case JsonTokenType.String:
                JsonText.Write(reader.ValueSpan, into);
                return true;
            default:
                into.Write(reader.ValueSpan);
                return true;
        }
    }

    private bool TryWriteArray(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, ScratchBytes into)
    {
        var separator = (byte)'[';
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            into.Write(separator);
            separator = (byte)',';
            if (!TryWriteValue(Value(json, ref reader), into)) return false;
        }

        if (separator == '[') into.Write(separator);
        into.Write((byte)']');
        return true;
    }

    private bool TryWriteObject(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, ScratchBytes into)
    {
        var first = _members.Count;
        var names = _names.Length;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var nameStart = _names.Length;
            var kind = reader.ValueIsEscaped ? FieldKind.EscapedText : FieldKind.Text;
            if (!Unescaping.TryAppend(reader.ValueSpan, kind, _names)) return false;
            var nameLength = _names.Length - nameStart;
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            _members.Add(new Member(nameStart, nameLength, start, (int)reader.BytesConsumed - start));
        }

        _sort.Sort(CollectionsMarshal.AsSpan(_members)[first..]);
        into.Write((byte)'{');
        for (int i = first, last = _members.Count; i < last; i++)
        {
            var member = _members[i];
            if (i > first) into.Write((byte)',');
            JsonText.Write(Name(member), into);
            into.Write((byte)':');
            if (!TryWriteValue(json.Slice(member.Start, member.Length), into)) return false;
        }

        into.Write((byte)'}');
        _members.RemoveRange(first, _members.Count - first);
        _names.Length = names;
        return true;
    }

    private static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> json, ref Utf8JsonReader reader)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed];
    }

    private ReadOnlySpan<byte> Name(Member member) => _names.Bytes.AsSpan(member.NameStart, member.NameLength);

    private readonly record struct Member(int NameStart, int NameLength, int Start, int Length);
}
