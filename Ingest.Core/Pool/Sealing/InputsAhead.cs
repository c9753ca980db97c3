using System.Collections.Immutable;

namespace Ingest.Core.Pool.Sealing;

/// <summary>
/// Contents of the inputs of a merge, in order. While one is worked on, those behind it are on their way, as long as they are small: a store that answers after tens of milliseconds
/// would else be waited for once a file.
/// </summary>
/// <param name="fetch">Starts to read one.</param>
/// <param name="filesMax">How many, at most.</param>
/// <param name="firstAlone">Nothing was read yet: what forbids all reads is told of one, where many that fail at the same time would open the circuit breaker and only be spared.</param>
internal sealed class InputsAhead(ImmutableArray<SealInput> inputs, Func<SealInput, CancellationToken, ValueTask<Stream>> fetch, int filesMax, bool firstAlone, CancellationToken cancellation) : IAsyncDisposable
{
    /// <summary>What may lie in memory, beside the one that is worked on; a single one may be larger.</summary>
    public const int BytesMax = 4 << 20;

    private readonly Queue<(Task<Stream> Content, long Bytes)> _ahead = [];
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    private long _bytes;
    private int _next;

    /// <summary>The next input's content, which is the caller's to dispose. What is wrong with an input is thrown when its turn has come.</summary>
    public async ValueTask<Stream> NextAsync()
    {
        var most = firstAlone && _next == 0 ? 1 : filesMax;
        while (_next < inputs.Length && (_ahead.Count == 0 || (_ahead.Count < most && _bytes + inputs[_next].Size <= BytesMax)))
        {
            var input = inputs[_next++];
            _bytes += input.Size;
            _ahead.Enqueue((fetch(input, _stop.Token).AsTask(), input.Size));
        }

        var (content, bytes) = _ahead.Dequeue();
        _bytes -= bytes;
        return await content;
    }

    /// <summary>Gives up what is still on its way.</summary>
    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        foreach (var (content, _) in _ahead)
        {
            await ((Task)content).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            if (content.IsCompletedSuccessfully) await (await content).DisposeAsync();
        }

        _stop.Dispose();
    }
}
