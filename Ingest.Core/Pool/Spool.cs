namespace Ingest.Core.Pool;

/// <summary>
/// Bytes on their way, few or very many: in memory at first, in a file of a local folder from <see cref="MemoryMax"/> on. To be written, then read. Never waits: what is slow about a local file is
/// not worth another thread.
/// </summary>
/// <param name="folder">A local folder that no other process uses; null: all stays in memory.</param>
internal sealed class Spool(string? folder) : Stream
{
    private const int MemoryMax = 8 << 20;

    private static long s_files;

    private Stream _content = new MemoryStream();
    private LocalFile? _file;

    /// <summary>Bytes that are there already.</summary>
    public static Spool Of(byte[] content) => new(null) { _content = new MemoryStream(content, 0, content.Length, writable: false, publiclyVisible: true) };

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => _content.CanWrite;

    public override long Length => _content.Length;

    public override long Position
    {
        get => _content.Position;
        set => _content.Position = value;
    }

    /// <summary>Shows all bytes as memory; afterwards they can only be read.</summary>
    public async ValueTask<T> UseAsync<T>(Func<ReadOnlyMemory<byte>, ValueTask<T>> use)
    {
        if (_file is null)
        {
            var memory = (MemoryStream)_content;
            return await use(memory.GetBuffer().AsMemory(0, (int)memory.Length));
        }

        _content.Dispose();
        try
        {
            return await _file.UseAsync(use);
        }
        finally
        {
            _content = _file.Open();
        }
    }

    public override int Read(Span<byte> buffer) => _content.Read(buffer);

    public override int Read(byte[] buffer, int offset, int count) => _content.Read(buffer, offset, count);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.FromResult(Read(buffer, offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (folder is not null && _file is null && Position + buffer.Length > MemoryMax) MoveToFile(folder);
        _content.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Write(buffer.AsSpan(offset, count));
        return Task.CompletedTask;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return default;
    }

    public override long Seek(long offset, SeekOrigin origin) => _content.Seek(offset, origin);

    public override void SetLength(long value) => _content.SetLength(value);

    public override void Flush() => _content.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        Flush();
        return Task.CompletedTask;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _content.Dispose();
            _file?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>A file of the same name can only be what a killed process has left.</summary>
    private void MoveToFile(string to)
    {
        var memory = (MemoryStream)_content;
        _file = new LocalFile(Path.Combine(to, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"spool-{Interlocked.Increment(ref s_files)}")));
        var file = _file.Create();
        memory.WriteTo(file);
        file.Position = memory.Position;
        _content = file;
        memory.Dispose();
    }
}
