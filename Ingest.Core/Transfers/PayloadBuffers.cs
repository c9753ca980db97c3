using System.Buffers;

namespace Ingest.Core.Transfers;

/// <summary>
/// Buffers for payloads: those of a usual chunk from <see cref="ArrayPool{T}.Shared"/>; larger ones are made for the one transfer and left to the collector, since the pool would keep
/// several of each size, and nobody's lease.
/// </summary>
internal static class PayloadBuffers
{
    private const int PooledBytesMax = 2 << 20;

    public static byte[] Rent(int bytes) => bytes > PooledBytesMax ? GC.AllocateUninitializedArray<byte>(bytes) : ArrayPool<byte>.Shared.Rent(bytes);

    public static void Return(byte[] buffer)
    {
        if (buffer.Length <= PooledBytesMax) ArrayPool<byte>.Shared.Return(buffer);
    }
}
