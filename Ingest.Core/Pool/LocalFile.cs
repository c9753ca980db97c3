using System.Buffers;
using System.IO.MemoryMappedFiles;

namespace Ingest.Core.Pool;

/// <summary>A file in the local work folder, deleted with this object. Its content can be handed to a store without a copy in memory.</summary>
internal sealed class LocalFile(string path) : IDisposable
{
    public string Path { get; } = path;

    /// <summary>The work folder may have been deleted meanwhile; then it is made anew.</summary>
    public FileStream Create()
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        return new InlineFileStream(Path, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
    }

    public FileStream Open() => new InlineFileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read);

    public long Length => new FileInfo(Path).Length;

    /// <summary>
    /// Shows the whole content as memory. When the use failed, a client whose request was given up may still be reading: then the memory goes once nobody refers to it any more.
    /// </summary>
    public async ValueTask<T> UseAsync<T>(Func<ReadOnlyMemory<byte>, ValueTask<T>> use)
    {
        var mapped = new Mapped(Path);
        var result = await use(mapped.Memory);
        ((IDisposable)mapped).Dispose();
        return result;
    }

    public void Dispose()
    {
        try
        {
            File.Delete(Path);
        }
        catch (DirectoryNotFoundException)
        {
            // The whole work folder was deleted.
        }
    }

    /// <summary>A local file is read and written at once where it is asked for: sending each call to another thread costs more than the disk's cache takes, and a simulated worker has one thread only.</summary>
    private sealed class InlineFileStream(string path, FileMode mode, FileAccess access, FileShare share) : FileStream(path, mode, access, share, 1 << 16)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.FromResult(Read(buffer, offset, count));

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span);
            return default;
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            Write(buffer, offset, count);
            return Task.CompletedTask;
        }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            Flush();
            return Task.CompletedTask;
        }

        public override ValueTask DisposeAsync()
        {
            Flush();
            return base.DisposeAsync();
        }
    }

    /// <summary>Unmapped when it is disposed of, or else by the view's own handle, once nothing refers to it.</summary>
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
            _start = (byte*)_view.SafeMemoryMappedViewHandle.DangerousGetHandle() + _view.PointerOffset;
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
            _view.Dispose();
            _file.Dispose();
        }
    }
}
