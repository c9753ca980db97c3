using System.Runtime.CompilerServices;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// Where the filter of a run keeps its bits of a key: in one word of 64 bits among those of the key's block, three bits of it, all chosen by the low
/// half of the key. How many unknown keys pass is a matter of how many words a block has: <see cref="IndexSizes.FilterKeysPerWord"/>.
/// </summary>
/// <remarks>
/// By block and not by the key's value: keys may crowd (those of a date do, in keys that carry one), blocks are all equally full, so no part of a
/// filter fills up. A sorted batch walks through the filter once from front to back.
/// </remarks>
internal static class RunFilter
{
    /// <summary>The word, of those that a block has, in which a key with this low half is. By bits 18 to 33, so that it tells nothing of <see cref="Bits"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int WordOf(ulong low, int words) => (int)((((uint)(low >> 18) & 0xFFFF) * (uint)words) >> 16);

    /// <summary>The bits of a key in its word: numbers 0–5, 6–11 and 12–17 of the low half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Bits(ulong low) => (1UL << (int)(low & 63)) | (1UL << (int)((low >> 6) & 63)) | (1UL << (int)((low >> 12) & 63));

    /// <summary>Whether the word may stand for a key with this low half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(ulong word, ulong low) => (word & Bits(low)) == Bits(low);
}
