using System.Collections.Immutable;

namespace Ingest.Core.Pool.Sealing;

/// <summary>
/// Merges a plan's items, several at the same time: while one is taken, uploaded and noted, the next ones are already read and written. They are taken in the plan's order;
/// those that are left out are thrown away.
/// </summary>
/// <param name="mergers">One for each merge at the same time. With one alone nothing is begun before it is asked for.</param>
internal sealed class MergesAhead(ImmutableArray<SealItem> items, ImmutableArray<FileMerge> mergers, CancellationToken cancellation) : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

    // Of the items from _next - Count on.
    private readonly Queue<Task<MergedFile>> _begun = [];
    private int _next;

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

        if (mergers.Length == 1)
        {
            _next++;
            return await mergers[0].RunAsync(item, cancellation);
        }

        // A merger is free again when the item that it merged before has been taken.
        for (; _next < Math.Min(items.Length, at + mergers.Length); _next++)
        {
            var (begun, merger) = (items[_next], mergers[_next % mergers.Length]);
            _begun.Enqueue(Task.Run(async () => await merger.RunAsync(begun, _end.Token), CancellationToken.None));
        }

        return await _begun.Dequeue();
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        while (_begun.TryDequeue(out var leftOut)) await DropAsync(leftOut);
        _end.Dispose();
    }

    private static async Task DropAsync(Task<MergedFile> leftOut)
    {
        // What failed of it is nobody's concern any more; it is told when it is tried in its turn.
        await ((Task)leftOut).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (leftOut.IsCompletedSuccessfully) leftOut.Result.Dispose();
    }
}
