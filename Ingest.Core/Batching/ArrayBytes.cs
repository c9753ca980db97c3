using System.Buffers;
using System.Runtime.InteropServices;

namespace Ingest.Core.Batching;

/// <summary>An array of fixed-width values as memory of bytes, without copying.</summary>
internal sealed unsafe class ArrayBytes<T>(T[] values) : MemoryManager<byte> where T : unmanaged
{
    public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(values.AsSpan());

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        var handle = GCHandle.Alloc(values, GCHandleType.Pinned);
        return new MemoryHandle((byte*)handle.AddrOfPinnedObject() + elementIndex, handle);
    }

    public override void Unpin()
    {
        // The handle in the MemoryHandle is freed by its Dispose.
    }

    protected override void Dispose(bool disposing)
    {
        // The collector owns the array.
    }
}
