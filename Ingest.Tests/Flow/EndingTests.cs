using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Flow;

/// <summary>A worker that is to end does so, whatever it is in the middle of, and whatever does not answer.</summary>
public sealed class EndingTests
{
    private const string Row = """{"id":"A1","paid_on":"2026-03-02"}""";

    private readonly Silence _silence = new();

    /// <summary>What is open is given a while, and then given up; the tables need not be read for that.</summary>
    [Fact]
    public async Task With_something_open_and_a_store_that_answers_nothing()
    {
        await using var worker = new ScriptedWorker(_silence.Around);
        var rights = await worker.AssignAsync();
        worker.Source.AtEnd = sink => sink.RevokedAsync([rights[0]!, rights[1]!]);
        await worker.OfferAsync(rights[0]!, 0, Row);
        await worker.UntilAsync(s => s.Transfers == 1);
        _silence.Of = _ => true;
        worker.Stop();
        await worker.EndAsync();
        Assert.Equal(0, worker.Status.Commits);
    }

    /// <summary>Partitions are being handed over to others, who wait; those that stay would be read again.</summary>
    [Fact]
    public async Task In_the_middle_of_a_hand_over_to_another_worker_with_such_a_store()
    {
        await using var worker = new ScriptedWorker(_silence.Around);
        var rights = await worker.AssignAsync();
        await worker.OfferAsync(rights[0]!, 0, Row);
        await worker.UntilAsync(s => s.Transfers == 1);
        _silence.Of = _ => true;
        var handOver = (await worker.Source.Sink).RevokedAsync([rights[0]!]);
        worker.Source.AtEnd = async sink =>
        {
            await handOver;
            await sink.RevokedAsync([rights[1]!]);
        };
        await worker.UntilAsync(s => s.PictureAge > TimeSpan.FromSeconds(20));
        worker.Stop();
        await worker.EndAsync();
    }

    [Fact]
    public async Task While_partitions_come_and_the_tables_cannot_be_read()
    {
        await using var worker = new ScriptedWorker(_silence.Around);
        var sink = await worker.Source.Sink;
        _silence.Of = _ => true;
        var coming = sink.AssigningAsync();
        worker.Source.AtEnd = async _ =>
        {
            await coming;
            Assert.All(await sink.AssignedAsync([new PartitionBounds(ScriptedWorker.First, 0, 10)]), Assert.Null);
        };
        worker.Stop();
        await worker.EndAsync();
    }

    [Fact]
    public async Task While_a_checkpoint_is_written_and_gets_no_answer()
    {
        await using var worker = new ScriptedWorker(_silence.Around, o => o with { CheckpointInterval = 1, Batching = new() { FlushAfter = TimeSpan.Zero } });
        var rights = await worker.AssignAsync();
        _silence.Of = name => name.Contains(".checkpoint", StringComparison.Ordinal);
        await worker.OfferAsync(rights[0]!, 0, Row);
        await worker.UntilAsync(s => s.CommittedRows == 1 && _silence.Calls > 0);
        worker.Stop();
        await worker.EndAsync();
        Assert.DoesNotContain(worker.Logger.Lines, l => l.StartsWith("1013 ", StringComparison.Ordinal));
    }

    /// <summary>Frozen brokers, and whatever else a client may wait for: each wait is bounded, and together they may be longer than the host gives.</summary>
    [Fact]
    public async Task With_a_client_that_does_not_come_back_from_leaving_its_group()
    {
        await using var worker = new ScriptedWorker();
        var rights = await worker.AssignAsync();
        worker.Source.AtEnd = _ => Task.Delay(Timeout.Infinite, CancellationToken.None);
        (await worker.Source.Sink).Faulted(rights[0]!, 1, null, "it is gone");
        await worker.UntilAsync(s => s.Halted.Count == 1);
        worker.Stop();
        await worker.EndAsync();
        Assert.Contains(worker.Logger.Lines, l => l.StartsWith("1021 Ends without the Kafka client to leave its group", StringComparison.Ordinal));
        Assert.Equal(["it is gone"], worker.Status.Halted); // by which the process still ends with 3
    }

    /// <summary>As a thread in a system call on a mount that is gone: nothing can call it back.</summary>
    [Fact]
    public async Task With_a_commit_that_cannot_be_called_back()
    {
        _silence.IsDeaf = true;
        await using var worker = new ScriptedWorker(_silence.Around);
        var rights = await worker.AssignAsync();
        worker.Source.AtEnd = sink => sink.RevokedAsync([rights[0]!, rights[1]!]);
        await worker.OfferAsync(rights[0]!, 0, Row);
        await worker.UntilAsync(s => s.Transfers == 1);
        _silence.Of = _ => true;
        worker.Stop();
        await worker.EndAsync();
        Assert.Equal(0, worker.Status.Commits);
    }

    /// <summary>Nobody looks at how a checkpoint's task ends: a bug in it was told at the end of the worker, or never when another checkpoint was due before.</summary>
    [Fact]
    public async Task After_a_checkpoint_that_ended_by_a_bug_which_is_told()
    {
        _silence.Throws = new InvalidOperationException("a bug");
        await using var worker = new ScriptedWorker(_silence.Around, o => o with { CheckpointInterval = 1, Batching = new() { FlushAfter = TimeSpan.Zero } });
        var rights = await worker.AssignAsync();
        _silence.Of = name => name.Contains(".checkpoint", StringComparison.Ordinal);
        await worker.OfferAsync(rights[0]!, 0, Row);
        await worker.UntilAsync(_ => worker.Logger.Lines.Any(l => l.StartsWith("1013 ", StringComparison.Ordinal)));
        await worker.OfferAsync(rights[0]!, 1, """{"id":"A2","paid_on":"2026-03-02"}""");
        await worker.UntilAsync(s => s.CommittedRows == 2);
        worker.Stop();
        await worker.EndAsync();
    }

    /// <summary>A store that answers nothing of what it is told to keep silent about, or fails it.</summary>
    private sealed class Silence
    {
        private int _calls;

        public Func<string, bool> Of { get; set; } = _ => false;

        public Exception? Throws { get; set; }

        /// <summary>It does not hear that a call was given up, either.</summary>
        public bool IsDeaf { get; set; }

        public int Calls => Volatile.Read(ref _calls);

        public IObjectStore Around(IObjectStore inner) => new Silent(this, inner);

        private async ValueTask PassAsync(string name, CancellationToken cancellation)
        {
            if (!Of(name)) return;
            Interlocked.Increment(ref _calls);
            if (Throws is { } bug) throw bug;
            await Task.Delay(Timeout.Infinite, IsDeaf ? CancellationToken.None : cancellation);
        }

        private sealed class Silent(Silence silence, IObjectStore inner) : ForwardingStore(inner)
        {
            public override async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
            {
                await silence.PassAsync(name, cancellation);
                return await base.CreateAsync(name, content, cancellation);
            }

            public override async ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
            {
                await silence.PassAsync(name, cancellation);
                await base.ReplaceAsync(name, content, cancellation);
            }

            public override async ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation)
            {
                await silence.PassAsync(name, cancellation);
                return await base.ReadAsync(name, cancellation);
            }

            public override async ValueTask<long?> SizeAsync(string name, CancellationToken cancellation)
            {
                await silence.PassAsync(name, cancellation);
                return await base.SizeAsync(name, cancellation);
            }
        }
    }
}
