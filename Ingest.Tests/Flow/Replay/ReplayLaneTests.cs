using System.Text;
using Ingest.Core.Decoding;
using Ingest.Core.Flow.Replay;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Tests.EndToEnd;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Flow.Replay;

public sealed class ReplayLaneTests : IDisposable
{
    private const string Record = """{"id":"A1","paid_on":"2026-03-02"}""";

    private readonly LaneWorld _world = new();
    private readonly ReplayDecoder _decoder = new(new DecodeLimits());

    public void Dispose() => _world.Dispose();

    /// <summary>No answer came about its entry for days, it was given up, and the next batch has the same record from another place; then the entry arrives.</summary>
    [Fact]
    public async Task An_entry_that_was_given_up_and_arrives_later_is_a_rivals()
    {
        var slow = new SlowStore(_world);
        using var lane = new ReplayLane(await _world.OpenAsync(slow), _world.Jobs);
        Take(lane, partition: 0);
        slow.HoldsEntryBack = true;
        var given = await Assert.ThrowsAsync<ReplayAbandonedException>(() => lane.CommitAsync(CancellationToken.None));
        Assert.Contains("waiting for more than 2 days", given.Message, StringComparison.Ordinal);
        await lane.RestartAsync(CancellationToken.None);

        Take(lane, partition: 1);
        await slow.ArriveAsync();
        await lane.CommitAsync(CancellationToken.None);
        var table = await LogReader.LoadAsync(_world.Store, CancellationToken.None);
        Assert.Equal((1, 1), (table!.LiveRows, table.Index.TotalKeys));
    }

    /// <summary>Others were faster, and it slept for days before it looked into what they brought: that was merged and deleted meanwhile.</summary>
    [Fact]
    public async Task A_batch_whose_rivals_runs_are_gone_when_it_looks_into_them_is_begun_anew()
    {
        var others = await _world.TableAsync();
        var store = new RacingStore(_world.Store);
        using var lane = new ReplayLane(await _world.OpenAsync(store), _world.Jobs);
        Take(lane, partition: 0);
        var (first, second) = (await _world.CommitAsync(others, 0, 1), await _world.CommitAsync(others, 0, 2));
        store.BeforeRead = async name =>
        {
            if (!name.EndsWith(".run", StringComparison.Ordinal)) return;
            store.BeforeRead = _ => Task.CompletedTask;
            await _world.MergeAsync(others, [first, second], [1, 2]);
        };
        var given = await Assert.ThrowsAsync<ReplayAbandonedException>(() => lane.CommitAsync(CancellationToken.None));
        Assert.Contains("missing from the store", given.Message, StringComparison.Ordinal);
        await lane.RestartAsync(CancellationToken.None);
        Take(lane, partition: 0);
        Assert.Equal(4, await lane.CommitAsync(CancellationToken.None));
        Assert.Equal(3, (await LogReader.LoadAsync(_world.Store, CancellationToken.None))!.Index.TotalKeys);
    }

    private void Take(ReplayLane lane, int partition)
    {
        var refused = new QuarantinedRecord
        {
            Id = $"kafka/{City.Topic}/{partition}/7/0",
            Department = "housing",
            Dataset = "payments",
            Reason = "type-mismatch",
            Source = new TopicPartition(City.Topic, partition),
            Offset = 7,
            Position = 0,
            PublishedAtMs = 1_772_323_200_000,
            Raw = Encoding.UTF8.GetBytes(Record),
            Header = null,
        };
        using var normalized = _decoder.Run(LaneWorld.Topic, [refused], isRecord: true);
        Assert.Equal(1, lane.Take(normalized, normalized.Datasets[0]).Count);
    }

    /// <summary>A store in front of which something can be made to happen before a file is read.</summary>
    private sealed class RacingStore(IObjectStore inner) : ForwardingStore(inner)
    {
        public Func<string, Task> BeforeRead { get; set; } = _ => Task.CompletedTask;

        public override async ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation)
        {
            await BeforeRead(name);
            return await base.CopyToAsync(name, destination, cancellation);
        }
    }

    /// <summary>A store that says nothing of an entry, which takes effect later, and of which days go by meanwhile.</summary>
    private sealed class SlowStore(LaneWorld world) : ForwardingStore(world.Store)
    {
        private (string Name, byte[] Content)? _held;

        public bool HoldsEntryBack { get; set; }

        public override ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
        {
            if (!HoldsEntryBack || !name.StartsWith("_delta_log/", StringComparison.Ordinal)) return base.CreateAsync(name, content, cancellation);
            HoldsEntryBack = false;
            _held = (name, content.ToArray());
            world.Time.Advance(TimeSpan.FromDays(3));
            throw new StoreException(StoreFault.Unknown, $"No answer about {name}.");
        }

        public async Task ArriveAsync() => Assert.Equal(CreateOutcome.Created, await base.CreateAsync(_held!.Value.Name, _held.Value.Content, CancellationToken.None));
    }
}
