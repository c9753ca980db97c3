using Ingest.Core;
using Ingest.Core.Stores;

namespace Ingest.Tests.Stores;

public sealed class StoreProbeTests
{
    [Fact]
    public async Task A_store_that_overwrites_is_refused_with_a_reason()
    {
        var refusal = await StoreProbe.RunAsync(new Overwriting(new MemoryStore(), CreateOutcome.Created), IdSource.System, CancellationToken.None);
        Assert.Contains("let a second create", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_says_no_but_overwrites_is_refused_with_a_reason()
    {
        var refusal = await StoreProbe.RunAsync(new Overwriting(new MemoryStore(), CreateOutcome.AlreadyExists), IdSource.System, CancellationToken.None);
        Assert.Contains("changed its content all the same", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_lets_several_win_a_race_is_refused_with_a_reason()
    {
        var refusal = await StoreProbe.RunAsync(new Overwriting(new MemoryStore(), CreateOutcome.AlreadyExists, isLate: true), IdSource.System, CancellationToken.None);
        Assert.NotNull(refusal);
        Assert.Contains("Ingest:Store:SingleWriter", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task For_a_single_writer_a_store_that_overwrites_will_do()
    {
        using var alone = new SingleWriterStore(new Overwriting(new MemoryStore(), CreateOutcome.Created));
        Assert.Null(await StoreProbe.RunAsync(alone, IdSource.System, CancellationToken.None));
    }

    [Fact]
    public async Task Answers_that_were_lost_prove_nothing_and_are_asked_again()
    {
        var store = new FaultyStore(new MemoryStore(), TimeProvider.System).Plan(PlannedFault.LostReply with { Operations = StoreOperations.Create, Times = 3 });
        Assert.Null(await StoreProbe.RunAsync(store, IdSource.System, CancellationToken.None));
        Assert.Equal(3, store.Struck);
    }

    /// <summary>Like an S3 look-alike that takes the condition header and ignores it.</summary>
    private sealed class Overwriting(MemoryStore inner, CreateOutcome second, bool isLate = false) : ForwardingStore(inner)
    {
        private readonly TaskCompletionSource _bothLooked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _racers;

        public override async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
        {
            var outcome = await SizeAsync(name, cancellation) is null ? CreateOutcome.Created : second;

            // Between the look of the first of those that race and its put another looks, too.
            if (isLate && name.EndsWith("-race", StringComparison.Ordinal))
            {
                if (Interlocked.Increment(ref _racers) == 2) _bothLooked.TrySetResult();
                await _bothLooked.Task;
            }

            if (!isLate || outcome == CreateOutcome.Created) await ReplaceAsync(name, content, cancellation);
            return outcome;
        }
    }
}
