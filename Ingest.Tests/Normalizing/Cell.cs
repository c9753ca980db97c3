using Ingest.Core.Decoding;

namespace Ingest.Tests.Normalizing;

/// <summary>A raw value as decoding would have located it.</summary>
internal readonly record struct Cell(FieldKind Kind, string Raw, byte Source = 0)
{
    public static Cell Absent { get; } = new(FieldKind.Absent, "");

    public static Cell Null { get; } = new(FieldKind.Null, "null");

    public static implicit operator Cell(string text) => new(FieldKind.Text, text);

    public static Cell Number(string raw) => new(FieldKind.Number, raw);

    public static Cell Escaped(string raw) => new(FieldKind.EscapedText, raw);

    public static Cell Quoted(string raw) => new(FieldKind.QuotedText, raw);

    public static Cell Composite(string raw) => new(FieldKind.Composite, raw);
}
