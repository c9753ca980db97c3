using System.Text;
using System.Text.Json;

namespace Ingest.Core.Decoding;

/// <summary>Looks for a name that stands twice among many fields of one record. Sorts them in a buffer of its own: a record may have millions. Not thread-safe.</summary>
internal sealed class RepeatedNames
{
    // What a record of more needed is not kept.
    private const int KeptMax = 16_384;

    private Name[] _names = [];
    private byte[] _text = [];
    private byte[] _buffer = [];
    private Comparison<Name>? _compare;

    /// <summary>Whether two of the fields have one name in one object, however it is written.</summary>
    public bool Any(byte[] buffer, ReadOnlySpan<ExtraField> fields)
    {
        if (_names.Length < fields.Length) _names = new Name[fields.Length];
        _buffer = buffer;
        var textLength = 0;
        for (var i = 0; i < fields.Length; i++)
        {
            ref readonly var field = ref fields[i];
            _names[i] = field.NameEscaped ? Unescape(field, ref textLength) : new Name(field.Path, field.NameStart, field.NameLength);
        }

        var names = _names.AsSpan(0, fields.Length);
        names.Sort(_compare ??= Compare);
        var isRepeated = false;
        for (var i = 1; i < names.Length && !isRepeated; i++) isRepeated = Compare(names[i - 1], names[i]) == 0;
        _buffer = [];
        if (names.Length > KeptMax) (_names, _text) = ([], []);
        return isRepeated;
    }

    private Name Unescape(in ExtraField field, ref int textLength)
    {
        var name = JsonSerializer.Deserialize<string>($"\"{Encoding.UTF8.GetString(_buffer, field.NameStart, field.NameLength)}\"")!;
        var bytesMax = Encoding.UTF8.GetMaxByteCount(name.Length);
        if (_text.Length - textLength < bytesMax) Array.Resize(ref _text, Math.Max(_text.Length * 2, textLength + bytesMax));
        var at = textLength;
        textLength += Encoding.UTF8.GetBytes(name, _text.AsSpan(at));
        return new Name(field.Path, ~at, textLength - at);
    }

    private int Compare(Name a, Name b) => a.Path != b.Path ? a.Path.CompareTo(b.Path) : Text(a).SequenceCompareTo(Text(b));

    private ReadOnlySpan<byte> Text(Name name) => name.Start >= 0 ? _buffer.AsSpan(name.Start, name.Length) : _text.AsSpan(~name.Start, name.Length);

    /// <param name="Start">In the payload; of a name that was unescaped, the complement of where it is in the text.</param>
    private readonly record struct Name(int Path, int Start, int Length);
}
