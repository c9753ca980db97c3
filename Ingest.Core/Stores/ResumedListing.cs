namespace Ingest.Core.Stores;

/// <summary>A listing that goes on behind the last name it gave when an attempt fails. One caller at a time.</summary>
internal sealed class ResumedListing(IObjectStore store, string prefix, string? after) : IAsyncDisposable
{
    private const int PageSize = 1000;
    private readonly List<StoredObject> _page = [];
    private IAsyncEnumerator<StoredObject>? _open;
    private CancellationTokenSource? _openUntil;
    private string? _after = after;

    public bool IsComplete { get; private set; }

    /// <summary>The next objects; valid until the next call.</summary>
    public async ValueTask<IReadOnlyList<StoredObject>> NextPageAsync(CancellationToken attempt)
    {
        // A failed attempt may have left a part of a page here: it counts, and the listing goes on behind it.
        if (_open is not null) _page.Clear();
        _openUntil ??= new CancellationTokenSource();
        _open ??= store.ListAsync(prefix, _after, _openUntil.Token).GetAsyncEnumerator(_openUntil.Token);
        using var registration = attempt.UnsafeRegister(static until => ((CancellationTokenSource)until!).Cancel(), _openUntil);
        try
        {
            while (_page.Count < PageSize)
            {
                if (!await _open.MoveNextAsync())
                {
                    IsComplete = true;
                    break;
                }

                _page.Add(_open.Current);
                _after = _open.Current.Name;
            }

            return _page;
        }
        catch
        {
            await CloseAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => CloseAsync();

    private async ValueTask CloseAsync()
    {
        if (_open is not null) await _open.DisposeAsync();
        _openUntil?.Dispose();
        _open = null;
        _openUntil = null;
    }
}
