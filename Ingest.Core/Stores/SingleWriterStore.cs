namespace Ingest.Core.Stores;

/// <summary>
/// A store that ignores the condition of a create, used by one process alone: looks whether the name is free before each create, one create at a time. Between the look
/// and the create nobody else may act, which only the operator can promise.
/// </summary>
public sealed class SingleWriterStore(IObjectStore inner) : IObjectStore, IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);

    public int CallsAtOnce => inner.CallsAtOnce;

    public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            return await inner.SizeAsync(name, cancellation) is null ? await inner.CreateAsync(name, content, cancellation) : CreateOutcome.AlreadyExists;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Names that nobody else uses need no turn: uploads stay parallel.</summary>
    public ValueTask<CreateOutcome> CreateUniqueAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        inner.CreateUniqueAsync(name, content, cancellation);

    public ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) => inner.ReplaceAsync(name, content, cancellation);

    public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) => inner.ReadAsync(name, cancellation);

    public ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation) => inner.CopyToAsync(name, destination, cancellation);

    public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) => inner.SizeAsync(name, cancellation);

    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, CancellationToken cancellation) => inner.ListAsync(prefix, after, cancellation);

    public ValueTask DeleteAsync(string name, CancellationToken cancellation) => inner.DeleteAsync(name, cancellation);

    public void Dispose() => _turn.Dispose();
}
