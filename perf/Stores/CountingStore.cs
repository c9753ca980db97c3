using System.Diagnostics;
using Ingest.Core.Stores;

namespace Ingest.Perf.Stores;

/// <summary>A store that counts bytes and lost races, and may be further away than it is.</summary>
internal sealed class CountingStore(IObjectStore inner, TimeSpan latency) : IObjectStore
{
    private long _written;
    private long _lostBytes;
    private int _lostPuts;
    private long _reads;
    private long _readTicks;

    public int CallsAtOnce => inner.CallsAtOnce;

    public long WrittenBytes => _written;

    public long LostBytes => _lostBytes;

    public int LostPuts => _lostPuts;

    public double MeanReadMs => _reads == 0 ? 0 : _readTicks * 1000.0 / Stopwatch.Frequency / _reads;

    public void Reset() => (_written, _lostBytes, _lostPuts, _reads, _readTicks) = (0, 0, 0, 0, 0);

    public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        await Far(cancellation).ConfigureAwait(false);
        var outcome = await inner.CreateAsync(name, content, cancellation).ConfigureAwait(false);
        Interlocked.Add(ref _written, content.Length);
        if (outcome == CreateOutcome.AlreadyExists)
        {
            Interlocked.Add(ref _lostBytes, content.Length);
            Interlocked.Increment(ref _lostPuts);
        }

        return outcome;
    }

    public async ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        await Far(cancellation).ConfigureAwait(false);
        await inner.ReplaceAsync(name, content, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        await Far(cancellation).ConfigureAwait(false);
        var read = await inner.ReadAsync(name, cancellation).ConfigureAwait(false);
        Interlocked.Increment(ref _reads);
        Interlocked.Add(ref _readTicks, Stopwatch.GetTimestamp() - started);
        return read;
    }

    public async ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation)
    {
        await Far(cancellation).ConfigureAwait(false);
        return await inner.CopyToAsync(name, destination, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<long?> SizeAsync(string name, CancellationToken cancellation)
    {
        await Far(cancellation).ConfigureAwait(false);
        return await inner.SizeAsync(name, cancellation).ConfigureAwait(false);
    }

    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, CancellationToken cancellation) => inner.ListAsync(prefix, after, cancellation);

    public ValueTask DeleteAsync(string name, CancellationToken cancellation) => inner.DeleteAsync(name, cancellation);

    private Task Far(CancellationToken cancellation) => latency > TimeSpan.Zero ? Task.Delay(latency, TimeProvider.System, cancellation) : Task.CompletedTask;
}
