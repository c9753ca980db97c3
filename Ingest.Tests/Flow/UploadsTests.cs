using System.Text;
using Ingest.Core.Decoding;
using Ingest.Core.Flow.Replay;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Tests.EndToEnd;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Flow;

/// <summary>Files of one batch, on their way to a store that answers late.</summary>
public sealed class UploadsTests : IDisposable
{
    private const int UploadsMax = 8, Partitions = 20;

    private readonly LaneWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task As_many_are_on_their_way_as_the_store_takes_and_no_more_are_encoded_than_there_are_cores()
    {
        var store = new LateStore(_world.Store);
        var (encoding, mostEncoding) = (0, 0);
        var jobs = _world.Jobs with
        {
            EncodersMax = 2,
            EncodeAsync = async (plan, batch, id, cancellation) =>
            {
                InterlockedMax(ref mostEncoding, Interlocked.Increment(ref encoding));
                await Task.Yield();
                var file = await DataFileFormat.Parquet.EncodeAsync(plan, batch, id, cancellation);
                Interlocked.Decrement(ref encoding);
                return file;
            },
        };
        using var lane = new ReplayLane(await _world.OpenAsync(store), jobs);
        Take(lane, Enumerable.Range(0, Partitions).Select(day => $$"""{"id":"A{{day}}","paid_on":"{{new DateOnly(2026, 3, 1).AddDays(day):yyyy-MM-dd}}"}"""));
        await lane.CommitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(UploadsMax, store.Most);
        Assert.InRange(mostEncoding, 1, 2);
        var table = await LogReader.LoadAsync(_world.Store, CancellationToken.None);
        Assert.Equal((Partitions, Partitions), (table!.LiveFiles, table.LiveRows));
    }

    [Fact]
    public void Tables_share_what_the_store_takes_and_none_waits_for_another()
    {
        var slots = new UploadSlots();
        Assert.Equal(32, slots.Take(2, 32, 32));
        Assert.Equal(2, slots.Take(2, 32, 32));
        Assert.Equal(1, slots.Take(1, 1, 32));
        slots.Return(32);
        Assert.Equal(29, slots.Take(2, 32, 32));
        slots.Return(29);
        slots.Return(1);
        Assert.Equal(4, slots.Take(2, 4, 32));
    }

    /// <summary>Else the first of many small tables would hold what the others could use.</summary>
    [Fact]
    public async Task A_small_batch_takes_no_more_than_it_has_files_and_its_run()
    {
        var uploads = new UploadSlots();
        var free = -1;
        var jobs = _world.Jobs with
        {
            EncodersMax = 2,
            Uploads = uploads,
            EncodeAsync = (plan, batch, id, cancellation) =>
            {
                free = uploads.Take(0, int.MaxValue, UploadsMax);
                uploads.Return(free);
                return DataFileFormat.Parquet.EncodeAsync(plan, batch, id, cancellation);
            },
        };
        using var lane = new ReplayLane(await _world.OpenAsync(new LateStore(_world.Store)), jobs);
        Take(lane, ["""{"id":"A","paid_on":"2026-03-01"}"""]);
        await lane.CommitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(UploadsMax - 2, free);
        Assert.Equal(UploadsMax, uploads.Take(0, int.MaxValue, UploadsMax));
    }

    /// <summary>What is encoded and not yet sent lies in memory beside its rows.</summary>
    [Fact]
    public async Task Large_files_go_one_after_the_other()
    {
        var store = new LateStore(_world.Store);
        using var lane = new ReplayLane(await _world.OpenAsync(store), _world.Jobs with { EncodersMax = 2 });
        var large = new string('x', 26 << 20);
        Take(lane, Enumerable.Range(0, 4).Select(day => $$"""{"id":"{{(day == 2 ? large : "A")}}","paid_on":"2026-03-0{{day + 1}}"}"""));
        await lane.CommitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(1, store.Most);
    }

    private static void Take(ReplayLane lane, IEnumerable<string> records)
    {
        var refused = records.Select((record, i) => new QuarantinedRecord
        {
            Id = $"kafka/{City.Topic}/0/7/{i}",
            Department = "housing",
            Dataset = "payments",
            Reason = "type-mismatch",
            Source = new TopicPartition(City.Topic, 0),
            Offset = 7,
            Position = i,
            PublishedAtMs = 1_772_323_200_000,
            Raw = Encoding.UTF8.GetBytes(record),
            Header = null,
        }).ToArray();
        using var normalized = new ReplayDecoder(new DecodeLimits { RecordBytesMax = 64 << 20, TransferBytesMax = 64 << 20 }).Run(LaneWorld.Topic, refused, isRecord: true);
        Assert.Equal(refused.Length, lane.Take(normalized, normalized.Datasets[0]).Count);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); seen < value;)
        {
            var now = Interlocked.CompareExchange(ref most, value, seen);
            if (now == seen) return;
            seen = now;
        }
    }

    /// <summary>Answers about a data file once as many are on their way as may be, or when no other has come for a while.</summary>
    private sealed class LateStore(IObjectStore inner) : ForwardingStore(inner)
    {
        private static readonly TimeSpan s_wait = TimeSpan.FromMilliseconds(300);

        private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _onTheirWay, _most;

        public override int CallsAtOnce => UploadsMax;

        public int Most => _most;

        public override async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
        {
            if (!name.EndsWith(".parquet", StringComparison.Ordinal)) return await base.CreateAsync(name, content, cancellation);
            var now = Interlocked.Increment(ref _onTheirWay);
            InterlockedMax(ref _most, now);
            if (now >= UploadsMax) _all.TrySetResult();
            await Task.WhenAny(_all.Task, Task.Delay(s_wait, TimeProvider.System, cancellation));
            var outcome = await base.CreateAsync(name, content, cancellation);
            Interlocked.Decrement(ref _onTheirWay);
            return outcome;
        }
    }
}
