using System.Runtime.CompilerServices;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Ingest.Core.Stores;

/// <summary>
/// A store that repeats what fails, for as long as it fails or until cancelled, unless the options say how often: with jittered exponential waits, a timeout for each attempt, and a
/// circuit breaker shared by all calls. It is the only layer that repeats; stores below it must not.
/// </summary>
/// <remarks>
/// A create whose outcome is unknown is the exception: <see cref="CreateAsync"/> throws it, since only the committer can tell from the content whose entry it is. When the same name ends so
/// again, after a pause: who looks, finds it free, and creates again must not press a store that is in trouble. <see cref="CreateUniqueAsync"/> repeats it, and compares content when the name turns out to be taken.
/// </remarks>
public sealed class RetryingStore : IObjectStore
{
    /// <summary>Of calls that see to their own time limit.</summary>
    private const long Unlimited = -1;

    private static readonly ResiliencePropertyKey<long> s_bytes = new("ingest.bytes");

    /// <summary>What takes longer than any create and look does.</summary>
    private static readonly TimeSpan s_sleepMin = TimeSpan.FromHours(1);

    private readonly IObjectStore _inner;
    private readonly TimeProvider _time;
    private readonly StoreRetryOptions _options;
    private readonly ResiliencePipeline _repeatAll;
    private readonly ResiliencePipeline _repeatUnlessUnknown;
    private readonly UnclearNames _unclear;

    /// <param name="random">Draws from [0, 1) for the jitter, so that a simulation replays; null for the system's.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message names all that are.</exception>
    public RetryingStore(IObjectStore inner, StoreRetryOptions options, TimeProvider time, Func<double>? random = null)
    {
        var errors = options.Validate();
        if (errors.Count > 0) throw new ArgumentException(string.Join(" ", errors), nameof(options));
        _inner = inner;
        _time = time;
        _options = options;
        _unclear = new UnclearNames(time, options.FirstDelay);
        Health = new StoreHealth(time);
        var attempt = Attempt(time);
        _repeatAll = Repeat(time, random, attempt, static e => e is StoreException or TimeoutRejectedException or BrokenCircuitException);
        _repeatUnlessUnknown = Repeat(time, random, attempt,
            static e => e is StoreException { Kind: not StoreFault.Unknown } or BrokenCircuitException);
    }

    public StoreHealth Health { get; }

    public int CallsAtOnce => _inner.CallsAtOnce;

    public async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        try
        {
            return await Run(_repeatUnlessUnknown, StoreCall.Create, name, token => _inner.CreateAsync(name, content, token), cancellation, content.Length);
        }
        catch (TimeoutRejectedException e)
        {
            throw new StoreException(StoreFault.Unknown, $"Creating {name} gave no answer within {Patience(content.Length)}.", e);
        }
    }

    /// <summary>As the interface says; and the object's size is read back, since a store that lost bytes is worse than one that fails.</summary>
    public async ValueTask<CreateOutcome> CreateUniqueAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var since = Since.Now(_time);
        var outcome = await Run(_repeatAll, StoreCall.Create, name, token => _inner.CreateUniqueAsync(name, content, token), cancellation, content.Length);
        if (outcome == CreateOutcome.Created)
        {
            var kept = await SizeAsync(name, cancellation);

            // Stopped for days in between, as a process may be: a vacuum has taken the object meanwhile, for nothing named it yet.
            if (kept is null && since.Elapsed(_time) > s_sleepMin) return await CreateUniqueAsync(name, content, cancellation);
            return kept == content.Length ? outcome : throw new StoreException(StoreFault.Unknown,
                $"The store took {content.Length} bytes of {name} and shows {(kept is null ? "no such object" : $"{kept} bytes")}: it loses data. Nothing was committed; use another store.");
        }

        // The name is unique, so the object is most likely ours, from an attempt whose answer was lost; but that is to be seen, not assumed.
        var stored = await ReadAsync(name, cancellation);
        return stored is not null && content.Span.SequenceEqual(stored) ? CreateOutcome.Created : CreateOutcome.AlreadyExists;
    }

    public async ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        await Run(_repeatAll, StoreCall.Replace, name, async token =>
        {
            await _inner.ReplaceAsync(name, content, token);
            return true;
        }, cancellation, content.Length);

    public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) =>
        Run(_repeatAll, StoreCall.Read, name, token => _inner.ReadAsync(name, token), cancellation);

    public async ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation)
    {
        if (!destination.CanSeek)
        {
            // What a failed attempt wrote cannot be taken back from such a stream: read first, write once.
            var content = await ReadAsync(name, cancellation);
            if (content is null) return false;
            await destination.WriteAsync(content, cancellation);
            return true;
        }

        var start = destination.Position;
        return await Run(_repeatAll, StoreCall.Read, name, token =>
        {
            destination.Position = start;
            destination.SetLength(start);
            return CopyInTimeAsync(name, destination, token);
        }, cancellation, Unlimited);
    }

    /// <summary>How large the object is shows only as it comes: an attempt may take as long as it likes while something does.</summary>
    private async ValueTask<bool> CopyInTimeAsync(string name, Stream destination, CancellationToken cancellation)
    {
        var came = 0L;
        using var late = new CancellationTokenSource(_options.AttemptTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            return await _inner.CopyToAsync(name, new CountedStream(destination, Came), either.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new StoreException(StoreFault.Transient, $"Cannot read {name}: {(came == 0 ? "no answer" : $"nothing after {came} bytes")} within {_options.AttemptTimeout}.");
        }

        void Came(long bytes)
        {
            came = bytes;
            late.CancelAfter(_options.AttemptTimeout);
        }
    }

    public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) =>
        Run(_repeatAll, StoreCall.LookAt, name, token => _inner.SizeAsync(name, token), cancellation);

    public async IAsyncEnumerable<StoredObject> ListAsync(
        string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var listing = new ResumedListing(_inner, prefix, after);
        await using (listing)
        {
            while (true)
            {
                var page = await Run(_repeatAll, StoreCall.List, prefix, listing.NextPageAsync, cancellation);
                foreach (var found in page) yield return found;
                if (listing.IsComplete) yield break;
            }
        }
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellation) =>
        await Run(_repeatAll, StoreCall.Delete, name, async token =>
        {
            await _inner.DeleteAsync(name, token);
            return true;
        }, cancellation);

    private async ValueTask<T> Run<T>(
        ResiliencePipeline pipeline, StoreCall call, string name, Func<CancellationToken, ValueTask<T>> work, CancellationToken cancellation, long bytes = 0)
    {
        var (failing, isAnswered) = (false, false);
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, cancellation);
        context.Properties.Set(s_bytes, bytes);
        try
        {
            var answer = await pipeline.ExecuteAsync(async attempt =>
            {
                try
                {
                    return await work(attempt.CancellationToken);
                }
                catch (StoreException e)
                {
                    Failed(e.Kind, e.Message);
                    throw;
                }
                catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
                {
                    Failed(StoreFault.Transient, $"Cannot {call} {name}: no answer within {Patience(bytes)}.");
                    throw;
                }
            }, context);
            isAnswered = true;
            if (pipeline == _repeatUnlessUnknown) _unclear.Forget(name);
            if (!failing) Health.Answered(call);
            return answer;
        }
        catch (BrokenCircuitException e)
        {
            throw new StoreException(StoreFault.Transient, $"Cannot {call} {name}: the store has failed so often that it is spared for {_options.CircuitOpenFor.TotalSeconds:0.#} s.", e) { IsSpared = true };
        }
        catch (StoreException dark) when (dark.Kind == StoreFault.Unknown && pipeline == _repeatUnlessUnknown)
        {
            await _unclear.PauseAsync(name, cancellation);
            throw;
        }
        catch (TimeoutRejectedException e) when (pipeline == _repeatAll)
        {
            throw new StoreException(StoreFault.Unknown, $"Cannot {call} {name}: no answer within {Patience(bytes)}.", e);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
            if (failing) Health.FailingCallEnded(isAnswered || !cancellation.IsCancellationRequested, call);
        }

        void Failed(StoreFault fault, string error)
        {
            Health.AttemptFailed(!failing, fault, error);
            failing = true;
        }
    }

    /// <summary>What an attempt may take: a fixed time would never let a large object through a slow line.</summary>
    private TimeSpan Patience(long bytes) => bytes == Unlimited ? Timeout.InfiniteTimeSpan : _options.AttemptTimeout + TimeSpan.FromSeconds((double)bytes / _options.SlowestBytesPerSecond);

    private ResiliencePipeline Attempt(TimeProvider time) => new ResiliencePipelineBuilder { TimeProvider = time }
        .AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            FailureRatio = _options.CircuitFailureRatio,
            MinimumThroughput = _options.CircuitMinimumAttempts,
            SamplingDuration = _options.CircuitWindow,
            BreakDuration = _options.CircuitOpenFor,
            ShouldHandle = new PredicateBuilder().Handle<StoreException>().Handle<TimeoutRejectedException>(),
            OnOpened = _ => Moved(StoreCircuit.Open),
            OnHalfOpened = _ => Moved(StoreCircuit.Trying),
            OnClosed = _ => Moved(StoreCircuit.Closed),
        })
        .AddTimeout(new TimeoutStrategyOptions
        {
            TimeoutGenerator = arguments => ValueTask.FromResult(Patience(arguments.Context.Properties.GetValue(s_bytes, 0))),
        })
        .Build();

    private ResiliencePipeline Repeat(TimeProvider time, Func<double>? random, ResiliencePipeline attempt, Func<Exception, bool> repeats)
    {
        var retry = new RetryStrategyOptions
        {
            MaxRetryAttempts = _options.RetriesMax ?? int.MaxValue, // which Polly takes as for ever
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = _options.FirstDelay,
            MaxDelay = _options.LongestDelay,
            ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Exception is { } e && repeats(e)),
            DelayGenerator = arguments => ValueTask.FromResult<TimeSpan?>(
                arguments.Outcome.Exception is StoreException { Kind: StoreFault.Denied or StoreFault.Full } ? _options.RefusedDelay : null),
        };
        if (random is not null) retry.Randomizer = random;
        return new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(retry).AddPipeline(attempt).Build();
    }

    private ValueTask Moved(StoreCircuit circuit)
    {
        Health.CircuitMoved(circuit);
        return default;
    }
}
