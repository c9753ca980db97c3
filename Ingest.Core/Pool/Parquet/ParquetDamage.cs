namespace Ingest.Core.Pool.Parquet;

/// <summary>Tells a file that is not what it should be from a fault of ours.</summary>
internal static class ParquetDamage
{
    /// <summary>COR_E_IO: what an IOException has that was made without an error number.</summary>
    private const int IoWithoutNumber = unchecked((int)0x80131620);

    /// <summary>What the Parquet reader and what it decompresses with throw, in one of many ways, at bytes that are damaged. Anything else is a fault of ours and goes on up.</summary>
    public static bool Is(Exception e) => e is InvalidDataException or IOException or ArgumentException or InvalidOperationException or IndexOutOfRangeException
        or FormatException or ArithmeticException or NotSupportedException or InvalidCastException or NullReferenceException or KeyNotFoundException or OutOfMemoryException
        || e.GetType().Namespace is { } thrower && (Comes(thrower, "Parquet") || Comes(thrower, "ZstdSharp") || Comes(thrower, "Snappier"));

    /// <summary>Likewise, where the file is on a disk that may itself fail: such a failure carries the system's error number.</summary>
    public static bool IsOfContent(Exception e) => e is IOException io and not EndOfStreamException ? io.HResult == IoWithoutNumber : Is(e);

    private static bool Comes(string thrower, string library) => thrower.StartsWith(library, StringComparison.Ordinal);
}
