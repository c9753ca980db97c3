using System.Numerics;
using System.Runtime.CompilerServices;

namespace Ingest.Core.Batching;

/// <summary>
/// Spare arrays for the columns of batches: a batch of a thousand partitions needs some ten thousand, gives them all back at once, and the next one needs them again. The
/// framework's pool keeps a few dozen of each size. Lengths are powers of two; what is rented is not cleared. Thread-safe.
/// </summary>
internal static class ColumnArrays<T> where T : unmanaged
{
    private const int LengthMin = 64;

    private static readonly Lock s_lock = new();
    private static readonly Stack<T[]>?[] s_spares = new Stack<T[]>?[32];

    public static T[] Rent(int length)
    {
        var size = BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)Math.Max(length, LengthMin)));
        if (size > 30) return GC.AllocateUninitializedArray<T>(length);
        lock (s_lock)
        {
            if (s_spares[size] is { Count: > 0 } spares)
            {
                var spare = spares.Pop();
                SpareColumnBytes.Add(-(long)spare.Length * Unsafe.SizeOf<T>());
                return spare;
            }
        }

        return GC.AllocateUninitializedArray<T>(1 << size);
    }

    public static void Return(T[] array)
    {
        if (array.Length < LengthMin || !BitOperations.IsPow2(array.Length) || !SpareColumnBytes.TryAdd((long)array.Length * Unsafe.SizeOf<T>())) return;
        lock (s_lock) (s_spares[BitOperations.Log2((uint)array.Length)] ??= []).Push(array);
    }

    /// <summary>Makes the array at least <paramref name="length"/> long and keeps its first <paramref name="used"/> values.</summary>
    public static void Grow(ref T[] array, int used, int length)
    {
        if (array.Length >= length) return;
        var larger = Rent((int)Math.Min(Array.MaxLength, Math.Max(length, array.Length * 2L)));
        array.AsSpan(0, used).CopyTo(larger);
        Return(array);
        array = larger;
    }

    /// <summary>Gives the array back and leaves an empty one.</summary>
    public static void Release(ref T[] array)
    {
        Return(array);
        array = [];
    }
}

/// <summary>What all spare arrays together weigh: bounded, whatever their types.</summary>
internal static class SpareColumnBytes
{
    // Two full batches at the default settings, with the smaller arrays that they outgrew: what is out and what is spare together are no more than was out at once.
    // Spare arrays are in nobody's lease: with a quarter of the default heap limit spare, two million records in one backlog ran out of memory.
    private const long BytesMax = 64 << 20;

    private static long s_bytes;

    public static bool TryAdd(long bytes)
    {
        if (Interlocked.Add(ref s_bytes, bytes) <= BytesMax) return true;
        Interlocked.Add(ref s_bytes, -bytes);
        return false;
    }

    public static void Add(long bytes) => Interlocked.Add(ref s_bytes, bytes);
}
