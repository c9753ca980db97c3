using System.Buffers;

namespace Ingest.Core.Pool.Parquet;

/// <summary>A data file as bytes, ready to be stored. Owns its memory, of which the file is the beginning.</summary>
public sealed class EncodedFile(DataFile file, IMemoryOwner<byte> memory) : IDisposable
{
    public DataFile File { get; } = file;

    public ReadOnlyMemory<byte> Content => memory.Memory[..(int)File.Bytes];

    public void Dispose() => memory.Dispose();
}
