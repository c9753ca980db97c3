using System.Collections.Immutable;

namespace Ingest.Core.Pool.Sealing;

/// <summary>
/// Merges a plan's items, several at the same time: while one is taken, uploaded and noted, the next ones are already read and written. They are taken in the plan's order;
/// those that are left out are thrown away. Where memory does not do for several, the rest is merged one by one.
/// </summary>
/// <param name="mergers">One for each merge at the same time. With one alone nothing is begun before it is asked for.</param>
internal sealed class MergesAhead(ImmutableArray<SealItem> items, ImmutableArray<FileMerge> mergers, CancellationToken cancellation) : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

    // Of the items from _next - Count on.
    private readonly Queue<Task<MergedFile>> _begun = [];
    private int _next;
    private bool _areAlone = mergers.Length == 1;

    /// <summary>An item's merged file, which belongs to the caller.</summary>
    /// <exception cref="InvalidDataException">An input is gone or does not hold what the log says, or what was written does not read back as it should.</exception>
    public async ValueTask<MergedFile> TakeAsync(SealItem item)
    {
        var at = items.IndexOf(item);
        while (_next - _begun.Count < at)
        {
            if (_begun.TryDequeue(out var leftOut)) await DropAsync(leftOut);
            else _next++;
        }

        if (_areAlone) return await AloneAsync(item, at);

        // A merger is free again when the item that it merged before has been taken.
        for (; _next < Math.Min(items.Length, at + mergers.Length); _next++)
        {
            var (begun, merger) = (items[_next], mergers[_next % mergers.Length]);
            _begun.Enqueue(Task.Run(async () => await merger.RunAsync(begun, _end.Token), CancellationToken.None));
        }

        try
        {
            return await _begun.Dequeue();
        }
        catch (Exception failure) when (failure is OutOfMemoryException || failure.InnerException is OutOfMemoryException)
        {
            // Alone it may well fit; what does not even then is the item's own matter. To a reader memory that is short looks like a damaged file.
            _areAlone = true;
            while (_begun.TryDequeue(out var other)) await DropAsync(other);
            return await AloneAsync(item, at);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        while (_begun.TryDequeue(out var leftOut)) await DropAsync(leftOut);
        _end.Dispose();
    }

    private ValueTask<MergedFile> AloneAsync(SealItem item, int at)
    {
        _next = at + 1;
        return mergers[0].RunAsync(item, cancellation);
    }

    private static async Task DropAsync(Task<MergedFile> leftOut)
    {
        // What failed of it is nobody's concern any more; it is told when it is tried in its turn.
        await ((Task)leftOut).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (leftOut.IsCompletedSuccessfully) leftOut.Result.Dispose();
    }
}
