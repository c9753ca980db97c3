using System.Runtime.CompilerServices;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>The halves of a fingerprint, by which it is placed and told apart.</summary>
internal static class KeyHalf
{
    /// <summary>The high half. Read from memory, for the operator's shift by 64 is a call, and this stands in every inner loop.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong High(in UInt128 key) =>
        Unsafe.Add(ref Unsafe.As<UInt128, ulong>(ref Unsafe.AsRef(in key)), BitConverter.IsLittleEndian ? 1 : 0);
}
