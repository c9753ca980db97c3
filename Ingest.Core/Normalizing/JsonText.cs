using System.Buffers;
using System.Buffers.Text;

namespace Ingest.Core.Normalizing;

/// <summary>
/// Writes JSON strings in one canonical way (that of RFC 8785): only what must be escaped is, with the short escapes where there are any. One text has one form,
/// however the department escaped it.
/// </summary>
internal static class JsonText
{
    private static readonly SearchValues<byte> s_escaped = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(i => (byte)i), (byte)'"', (byte)'\\']);

    public static void Write(ReadOnlySpan<byte> text, ScratchBytes into)
    {
        into.Write((byte)'"');
        while (true)
        {
            var plain = text.IndexOfAny(s_escaped);
            if (plain < 0) break;
            into.Write(text[..plain]);
            Escape(text[plain], into);
            text = text[(plain + 1)..];
        }

        into.Write(text);
        into.Write((byte)'"');
    }

    private static void Escape(byte c, ScratchBytes into)
    {
        ReadOnlySpan<byte> shortForm = c switch
        {
            (byte)'"' => "\\\""u8,
            (byte)'\\' => "\\\\"u8,
            (byte)'\b' => "\\b"u8,
            (byte)'\f' => "\\f"u8,
            (byte)'\n' => "\\n"u8,
            (byte)'\r' => "\\r"u8,
            (byte)'\t' => "\\t"u8,
            _ => default,
        };
        if (!shortForm.IsEmpty)
        {
            into.Write(shortForm);
            return;
        }

        into.Write("\\u"u8);
        Utf8Formatter.TryFormat((uint)c, into.Room(4), out var written, new StandardFormat('x', 4));
        into.Length += written;
    }
}
