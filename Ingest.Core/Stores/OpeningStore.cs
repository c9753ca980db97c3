namespace Ingest.Core.Stores;

/// <summary>
/// A store that is opened by its first call, and again by the next one as long as that fails: what hinders it (a disk that is full or read-only when the worker starts) is then
/// repeated, reported and waited for like any other trouble of a store.
/// </summary>
/// <param name="open">Opens the real one, which may take its time.</param>
public sealed class OpeningStore(Func<IObjectStore> open) : IObjectStore
{
    private IObjectStore? _opened;

    public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        await (await OpenedAsync(cancellation)).CreateAsync(name, content, cancellation);

    public async ValueTask<CreateOutcome> CreateUniqueAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        await (await OpenedAsync(cancellation)).CreateUniqueAsync(name, content, cancellation);

    public async ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        await (await OpenedAsync(cancellation)).ReplaceAsync(name, content, cancellation);

    public async ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) =>
        await (await OpenedAsync(cancellation)).ReadAsync(name, cancellation);

    public async ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation) =>
        await (await OpenedAsync(cancellation)).CopyToAsync(name, destination, cancellation);

    public async ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) =>
        await (await OpenedAsync(cancellation)).SizeAsync(name, cancellation);

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var found in (await OpenedAsync(cancellation)).ListAsync(prefix, after, cancellation)) yield return found;
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellation) =>
        await (await OpenedAsync(cancellation)).DeleteAsync(name, cancellation);

    /// <summary>Two callers may open it at once, which harms nothing; both then use the same one.</summary>
    private async ValueTask<IObjectStore> OpenedAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _opened) is { } opened) return opened;
        var mine = await Task.Run(open, cancellation).WaitAsync(cancellation);
        return Interlocked.CompareExchange(ref _opened, mine, null) ?? mine;
    }
}
