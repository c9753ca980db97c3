namespace Ingest.Core.Pool.Parquet;

/// <summary>A data file as bytes, ready to be stored. Owns its memory.</summary>
public sealed class EncodedFile(DataFile file, MemoryStream content) : IDisposable
{
    public DataFile File { get; } = file;

    public ReadOnlyMemory<byte> Content => content.GetBuffer().AsMemory(0, (int)content.Length);

    public void Dispose() => content.Dispose();
}
