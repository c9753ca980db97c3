using System.Buffers;
using System.IO.MemoryMappedFiles;

namespace Ingest.Core.Pool.Sealing;

/// <summary>A file in the local work folder, deleted with this object. Its content can be handed to a store without a copy in memory.</summary>
internal sealed class LocalFile(string path) : IDisposable
{
    public string Path { get; } = path;

    public FileStream Create() => new(Path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16);

    public FileStream Open() => new(Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);

    public long Length => new FileInfo(Path).Length;

    /// <summary>Shows the whole content as memory.</summary>
    public async ValueTask<T> UseAsync<T>(Func<ReadOnlyMemory<byte>, ValueTask<T>> use)
    {
        using var mapped = new Mapped(Path);
        return await use(mapped.Memory);
    }

    public void Dispose() => File.Delete(Path);

    private sealed unsafe class Mapped : MemoryManager<byte>
    {
        private readonly MemoryMappedFile _file;
        private readonly MemoryMappedViewAccessor _view;
        private readonly int _length;
        private byte* _start;

        public Mapped(string path)
        {
            _length = checked((int)new FileInfo(path).Length);
            _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            _view = _file.CreateViewAccessor(0, _length, MemoryMappedFileAccess.Read);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        }

        public override Span<byte> GetSpan() => new(_start, _length);

        public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
            if (_start == null) return;
            _start = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file.Dispose();
        }
    }
}
