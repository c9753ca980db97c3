using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>
/// Reads the text of a value as one type. Implemented by structs, so that each column type gets its own compiled loop with the reader inside it.
/// </summary>
internal interface IValueReader<T> where T : unmanaged
{
    /// <summary>The reason why the text is no such value, or <see cref="ReasonCode.None"/>. Never throws on bad input.</summary>
    ReasonCode Read(ReadOnlySpan<byte> text, FieldKind kind, out T value);
}
