using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>A whole local file, mapped read-only; a small one is read instead, which costs less than to map and unmap it. Its name may be deleted meanwhile; its bytes must not be cut off.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    // A file that is being disposed must not be touched: its addresses may be another's by then.
    private static readonly Lock s_lock = new();
    private static readonly HashSet<MappedFile> s_open = [];

    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _start;
    private bool _disposed;

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="IndexDamagedException">It has another size than a file of this run.</exception>
    public MappedFile(string path, string run, long expectedBytes)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        Length = RandomAccess.GetLength(handle);
        if (Length != expectedBytes || Length < RunTrailer.Bytes) throw new IndexDamagedException(run, $"the file has {Length} bytes instead of {expectedBytes}.");
        if (Length < IndexSizes.MappedBytesMin)
        {
            _start = (byte*)NativeMemory.Alloc((nuint)Length);
            ReadAll(handle, run);
            return;
        }

        _file = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _start = start + _view.PointerOffset;
        lock (s_lock) s_open.Add(this);
    }

    ~MappedFile() => Unmap();

    public long Length { get; }

    public byte* Start => _start;

    /// <summary>Bytes that are held in memory, whatever the system does with its pages.</summary>
    public long ResidentBytes => _file is null ? Length : 0;

    /// <summary>
    /// Called on the thread of each lookup, at its end and whenever it has touched some hundred pages, of each merge, and of whoever sends a file, with each piece. For each page that a lookup
    /// touches, the system maps those around it too, so that a few thousand keys may map all of an index, and what is read in order maps gigabytes a second: whoever bounds the process's memory
    /// cannot wait until he looks the next time.
    /// </summary>
    public static event Action? LookedUp;

    /// <summary>Takes the pages of all files that are open out of the process's memory. They stay readable; pages that were read before count against a limit no more.</summary>
    public static void Unload()
    {
        lock (s_lock)
        {
            foreach (var file in s_open) PageAdvice.Unload(file._start, file.Length);
        }
    }

    /// <summary>Says that pages will be read here and there.</summary>
    public void ReadAtRandom()
    {
        if (_file is not null) PageAdvice.ReadAtRandom(_start, Length);
    }

    /// <summary>Says that the file will be read from front to back.</summary>
    public void ReadInOrder()
    {
        if (_file is not null) PageAdvice.ReadInOrder(_start, Length);
    }

    /// <summary>Begins to read pages that are asked for shortly.</summary>
    public void Fetch(long offset, long bytes)
    {
        if (_file is not null) PageAdvice.Fetch(_start + offset, bytes);
    }

    /// <summary>To be called at the end of each lookup, and in the course of whatever touches many pages.</summary>
    public static void Tell() => LookedUp?.Invoke();

    /// <summary>A piece of the file as memory, for a store to send; valid until the file is disposed.</summary>
    public ReadOnlyMemory<byte> Memory(long offset, int bytes) => new Piece(this, _start + offset, bytes).Memory;

    /// <summary>For a file whose sending failed: a client whose request was given up may still be reading a piece, so it is unmapped once nobody holds one.</summary>
    public void LeaveToReaders()
    {
        lock (s_lock) s_open.Remove(this);
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        LeaveToReaders();
        Unmap();
        GC.SuppressFinalize(this);
    }

    private void Unmap()
    {
        if (_start is null) return; // it was never mapped
        if (_file is null)
        {
            NativeMemory.Free(_start);
            return;
        }

        _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private void ReadAll(SafeFileHandle handle, string run)
    {
        for (var at = 0L; at < Length;)
        {
            var read = RandomAccess.Read(handle, new Span<byte>(_start + at, (int)(Length - at)), at);
            if (read == 0) throw new IndexDamagedException(run, $"the file was cut off at {at} of {Length} bytes while it was read.");
            at += read;
        }
    }

    private sealed class Piece(MappedFile file, byte* start, int bytes) : MemoryManager<byte>
    {
        /// <summary>Asked for again and again by who sends a large file in pieces.</summary>
        public override Span<byte> GetSpan()
        {
            Tell();
            return new Span<byte>(start, bytes);
        }

        public override MemoryHandle Pin(int elementIndex = 0) => new(start + elementIndex, default, this);

        public override void Unpin() => GC.KeepAlive(file);

        protected override void Dispose(bool disposing)
        {
        }
    }
}
