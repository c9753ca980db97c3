using System.Numerics;
using System.Runtime.CompilerServices;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// Where the filter of a run keeps its bits of a key. One word of 64 bits a key, chosen in key order, so that a sorted batch walks through the
/// filter once from front to back; three bits of it, chosen by the low half. About one unknown key in sixteen passes.
/// </summary>
/// <remarks>Word: with h = (high half of key − high half of lowest) shifted left by the leading zeros of the run's span,
/// page = ⌊h × pages / 2^64⌋, and the remainder of that product times the words of a page, over 2^64, is the word.</remarks>
internal readonly struct RunFilter
{
    private readonly ulong _lowest;
    private readonly int _shift;
    private readonly ulong _pages;
    private readonly ulong _words;

    public RunFilter(in RunGeometry geometry, UInt128 lowest, UInt128 highest)
    {
        _lowest = KeyHalf.High(lowest);
        var span = KeyHalf.High(highest) - _lowest;
        _shift = span == 0 ? 0 : BitOperations.LeadingZeroCount(span);
        _pages = (ulong)geometry.FilterPages;
        _words = (ulong)geometry.WordsPerPage;
    }

    /// <summary>Page and word of a key between lowest and highest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (long Page, int Word) Locate(ulong high)
    {
        var page = Math.BigMul((high - _lowest) << _shift, _pages, out var rest);
        return ((long)page, (int)Math.BigMul(rest, _words, out _));
    }

    /// <summary>The bits of a key in its word: numbers 0–5, 6–11 and 12–17 of the low half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Bits(ulong low) => (1UL << (int)(low & 63)) | (1UL << (int)((low >> 6) & 63)) | (1UL << (int)((low >> 12) & 63));
}
