using System.Buffers;

namespace Ingest.Core.Pool.Parquet;

/// <summary>A data file as bytes, ready to be stored. Owns its memory, which is from <see cref="ArrayPool{T}.Shared"/>.</summary>
public sealed class EncodedFile(DataFile file, byte[] bytes) : IDisposable
{
    private byte[]? _bytes = bytes;

    public DataFile File { get; } = file;

    public ReadOnlyMemory<byte> Content => (_bytes ?? throw new ObjectDisposedException(nameof(EncodedFile))).AsMemory(0, (int)File.Bytes);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _bytes, null) is { } bytes) ArrayPool<byte>.Shared.Return(bytes);
    }
}
